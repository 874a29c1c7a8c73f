"""Who ordered what can be verified from the journal alone, and a forged journal is found out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from novate.app.verify_signatures import verify_signatures
from novate.client import cancel_order, new_order
from novate.client.orders import together
from novate.domain.codes import CommandFlag, CommandKind, Side
from novate.domain.records import COMMAND, EVIDENCE_COMMAND, TERMS_COMMAND, Commands, new_commands
from novate.domain.session_codes import CancelOnDisconnect, EvidenceForm, SessionKind
from novate.journal import Journal
from tests.end_to_end.nodes import running, terms, usual_sessions
from tests.end_to_end.processes import novate
from tests.end_to_end.test_node_sessions import PRICE


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a node on which all kinds of session have sent orders."""
    place = tmp_path_factory.mktemp("evidence") / "node"
    careful = terms(
        "CAREFUL", 4, 401, kind=SessionKind.ORDER, cancel_on_disconnect=CancelOnDisconnect.SESSION
    )
    with running(place, [*usual_sessions(), careful]) as node:
        for name, account, kind in (
            ("ALPINE", 101, SessionKind.MAC), ("BOREAL", 201, SessionKind.FRAME),
            ("CASTOR", 301, SessionKind.ORDER), ("CAREFUL", 401, SessionKind.ORDER),
        ):  # fmt: skip
            for visit in range(2):
                with node.connect(name, kind) as client:
                    cid = 10 * visit
                    orders = [new_order(0, account, cid + at, Side.BUY, 1, PRICE) for at in (1, 2, 3)]
                    client.receipt(client.send(together(*orders)))
                    foreign = new_order(0, 999, 9, Side.BUY, 1, PRICE)
                    client.receipt(client.send(together(foreign, cancel_order(0, account, cid + 1))))
                    client.receipt(client.send(with_terms(account, cid + 5)))
    return place


def with_terms(account: int, cid: int) -> Commands:
    """An order with a minimum quantity, which takes two records."""
    staged = new_commands(1)
    staged["kind"] = CommandKind.TERMS
    staged.view(TERMS_COMMAND)["min_quantity"] = 1
    flags = CommandFlag.HAS_TERMS | CommandFlag.MIN_QTY_GIVEN
    return together(staged, new_order(0, account, cid, Side.BUY, 1, PRICE, flags=flags))


def test_every_command_of_a_signing_session_is_proven(traded: Path) -> None:
    counts = verify_signatures(traded / "venue/journal")
    assert counts.fault == ""
    assert counts.logins == 8
    # Orders and the order with terms; the frame with a foreign account in it was refused as a whole.
    assert counts.frames == 4
    # One by one the cancel beside the foreign order was taken: 3 + 1 + 2 records a visit, 2 sessions.
    assert counts.orders == 24
    assert counts.signed_commands == 4 * 3 - 2 + 24
    assert counts.by_word == 12


def test_the_command_line_verifies_a_node_from_its_files(traded: Path) -> None:
    done = novate("verify", traded, "--sample", "50")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "8 logins, 34 signed commands (4 frames, 24 orders); 12 commands are the venue's word" in done.stdout
    )


def rewritten(source: Path, target: Path, change: Callable[[Commands], None]) -> Path:
    """The journal once more, block by block, after somebody has changed it; a consistent forgery."""
    with Journal.open(source, read_only=True) as journal:
        blocks = [records.copy() for _, records in journal.read()]
        identity = journal.identity
    with Journal.create(target, identity=identity) as forged:
        for records in blocks:
            change(records)
            forged.append(records)
    return target


def place_of(records: Commands, kind: CommandKind, session: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.flatnonzero((records["kind"] == kind) & (records["session"] == session))


def forge_quantity(records: Commands) -> None:
    """Somebody bought more than was signed."""
    records["quantity"][place_of(records, CommandKind.NEW, 2)] += 1


def forge_owner(records: Commands) -> None:
    """Orders of one session under the number of another."""
    records["session"][place_of(records, CommandKind.NEW, 1)] = 3


def forge_nonces(records: Commands) -> None:
    """The same nonce for all orders."""
    view = records.view(EVIDENCE_COMMAND)
    orders = (view["kind"] == CommandKind.EVIDENCE) & (view["form"] == EvidenceForm.ORDER)
    view["nonce"][orders] = 1


def forge_key(records: Commands) -> None:
    """Another key in the login."""
    view = records.view(EVIDENCE_COMMAND)
    logins = (view["kind"] == CommandKind.EVIDENCE) & (view["form"] == EvidenceForm.LOGIN)
    changed = view["payload"].copy().view(np.uint8).reshape(-1, 32)
    changed[:, 0] ^= 1
    view["payload"][logins] = changed.reshape(-1).view("V32")[logins]


def drop_evidence(records: Commands) -> None:
    """Signatures that became something else."""
    view = records.view(EVIDENCE_COMMAND)
    gone = (view["kind"] == CommandKind.EVIDENCE) & (view["form"] == EvidenceForm.FRAME)
    records[gone] = np.array([(int(CommandKind.TIME), *[0] * (len(COMMAND) - 1))], COMMAND)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (forge_quantity, "over the commands from"),
        (forge_owner, "expected a signature of its session, was none"),
        (forge_nonces, "expected a nonce above"),
        (forge_key, "expected a login signed by"),
        (drop_evidence, "expected a signature of its session, was none"),
    ],
)
def test_a_forged_journal_is_found_out(
    traded: Path, tmp_path: Path, change: Callable[[Commands], None], said: str
) -> None:
    forged = rewritten(traded / "venue/journal", tmp_path / "forged", change)
    assert said in verify_signatures(forged).fault


def test_an_unchanged_copy_is_no_forgery_and_another_identity_is(traded: Path, tmp_path: Path) -> None:
    copy = rewritten(traded / "venue/journal", tmp_path / "copy", lambda records: None)
    assert verify_signatures(copy).fault == ""
    shutil.rmtree(copy)
    with Journal.open(traded / "venue/journal", read_only=True) as journal:
        blocks = [records.copy() for _, records in journal.read()]
    with Journal.create(copy) as other:
        for records in blocks:
            other.append(records)
    assert "expected a login to this journal" in verify_signatures(copy).fault
