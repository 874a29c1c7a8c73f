"""Admission: the compiled rungs against naive ones, on random commands of random sessions."""

from __future__ import annotations

import random

import numpy as np
import pytest

from novate.domain.codes import CommandFlag, CommandKind
from novate.domain.records import COMMAND, Commands
from novate.domain.session_codes import Permission, SessionReject
from novate.gateway.binary.admission import Admission
from novate.gateway.binary.sessions import SessionTerms

ACCOUNTS = (101, 102, 201, 4_000_000_000)
ORDERS = ("NEW", "AMEND", "NEW_OCO", "QUOTE")
OF = {
    Permission.READ: (),
    Permission.TRADE: (*ORDERS, "CANCEL", "MASS_CANCEL", "MMP_SET", "MMP_RESET", "DISCONNECT", "TERMS",
                       "LEG"),
    Permission.CLEAR: ("CREDIT", "SET_MARGIN"),
    Permission.TRANSFER: ("CREDIT",),
    Permission.ADMIN: tuple(
        kind.name for kind in CommandKind if kind.name not in ("CONFIGURATION", "EVIDENCE", "TIME")
    ),
}  # fmt: skip
WITH_ACCOUNT = (*ORDERS, "CANCEL", "MMP_SET", "MMP_RESET", "CREDIT", "LEG")


def naive_code(command: np.void, terms: SessionTerms) -> SessionReject:
    """The first rung that a command breaks."""
    kind = int(command["kind"])
    name = CommandKind(kind).name if kind in set(CommandKind) else "?"
    if not any(name in kinds for permission, kinds in OF.items() if permission in terms.permissions):
        return SessionReject.MISSING_PERMISSION
    if command["session"] != terms.number:
        return SessionReject.WRONG_SESSION
    if command["time"] != 0:
        return SessionReject.TIME_GIVEN
    if terms.accounts is None:
        return SessionReject.NONE
    own = int(command["account"]) in terms.accounts
    flags = CommandFlag(int(command["flags"]) & 0x7FFF)
    if name in WITH_ACCOUNT and not own:
        return SessionReject.WRONG_ACCOUNT
    if name in ("MASS_CANCEL", "DISCONNECT") and CommandFlag.ACCOUNT_GIVEN in flags and not own:
        return SessionReject.WRONG_ACCOUNT
    given = flags & (CommandFlag.ACCOUNT_GIVEN | CommandFlag.SESSION_GIVEN)
    if name == "MASS_CANCEL" and not given:
        return SessionReject.WRONG_ACCOUNT
    return SessionReject.NONE


def random_commands(chance: random.Random, count: int) -> Commands:
    """Random bytes with fields that are often right."""
    commands = np.frombuffer(bytearray(chance.randbytes(64 * count)), COMMAND)
    commands["kind"] = [chance.choice([*CommandKind, 0, 255]) for _ in range(count)]
    commands["session"] = [chance.choice((1, 2, 3, 3, 3)) for _ in range(count)]
    commands["time"] = [chance.choice((0, 0, 0, 1)) for _ in range(count)]
    commands["account"] = [chance.choice((*ACCOUNTS, 0, 7)) for _ in range(count)]
    return commands


@pytest.mark.parametrize("seed", range(40))
def test_the_compiled_rungs_agree_with_naive_ones(seed: int) -> None:
    chance = random.Random(seed)
    sessions = [
        SessionTerms(
            name=f"S{number}",
            number=number,
            public_key=b"",
            permissions=Permission(chance.randrange(32)),
            accounts=None if chance.random() < 0.2 else tuple(sorted(chance.sample(ACCOUNTS, 2))),
        )
        for number in (1, 2, 3)
    ]
    admission = Admission(sessions)
    commands = random_commands(chance, 1_500)
    senders = np.array([chance.choice((1, 2, 3)) for _ in commands], np.int64)
    codes = np.full(1_200, 99, np.uint16)
    found = admission.judge(commands.view(np.int64).reshape(-1, 8), senders, codes)
    expected = [
        naive_code(command, sessions[sender - 1])
        for command, sender in zip(commands[:1_200], senders.tolist(), strict=False)
    ]
    assert codes.tolist() == expected
    assert found & 0xFFFFFFFF == sum(code != 0 for code in expected)
    staged = np.isin(commands["kind"][:1_200], (CommandKind.TERMS, CommandKind.LEG))
    assert found >> 32 == staged.sum()


def test_a_node_without_sessions_admits_nobody() -> None:
    assert Admission([]).judge(np.zeros((0, 8), np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint16)) == 0
