"""sessions.toml, the [node] table and `novate keys`: what is written is read, and every mistake is named."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from novate.app.configuration import ConfigurationError, embedded_configuration
from novate.app.node.directory import DataDirectory
from novate.app.node.key_commands import NewSession, add, described, remove
from novate.app.node.session_file import (
    add_session,
    load_sessions,
    new_hmac_secret,
    new_key,
    read_key,
    session_text,
    write_demonstration,
)
from novate.app.node.settings import NodeSettings, load_settings
from novate.app.problems import RefusedError
from novate.domain.session_codes import CancelOnDisconnect, Permission, SessionKind
from novate.gateway.binary import SessionTerms
from novate.signatures import public_of

EMBEDDED = embedded_configuration()
KEY = public_of(bytes(32))
FULL = SessionTerms(
    name="DESK-1",
    number=7,
    public_key=KEY,
    kind=SessionKind.ORDER,
    permissions=Permission.READ | Permission.CLEAR,
    accounts=(101, 102),
    market_data=True,
    expires_ns=20_000 * 86_400 * 10**9,
    addresses=("unix", "10.0.0.0/8"),
    orders_per_second=100,
    burst=200,
    cancel_on_disconnect=CancelOnDisconnect.ACCOUNT,
    dead_man_ns=30 * 10**9,
)


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    made = DataDirectory(tmp_path / "data")
    made.make()
    return made


def test_a_session_is_read_as_it_was_written(data: DataDirectory) -> None:
    plain = SessionTerms(name="P", number=8, public_key=public_of(b"1" * 32), accounts=None)
    for one in (FULL, plain):
        add_session(data, one)
    assert load_sessions(data.sessions, EMBEDDED) == [FULL, plain]


def test_what_somebody_wrote_between_sessions_stays(data: DataDirectory) -> None:
    add_session(data, FULL)
    with data.sessions.open("a") as file:
        file.write("\n# the night desk\n")
    add_session(data, SessionTerms(name="P", number=8, public_key=public_of(b"1" * 32)))
    assert "# the night desk\n\n[[sessions]]" in data.sessions.read_text()


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('name = "DESK-1"', 'name = "a name with spaces"', "sessions[0].name: expected 1 to 16 letters"),
        ("number = 7", "number = 0", "sessions[0].number: expected a whole number from 1"),
        (KEY.hex(), "00" * 32, "sessions[0].public_key: expected an Ed25519 public key of 64 hex digits"),
        (KEY.hex(), "xyz", "sessions[0].public_key: expected an Ed25519 public key of 64 hex digits"),
        ('kind = "order"', 'kind = "none"', 'sessions[0].kind: expected one of "mac", "frame", "order"'),
        ('"clear"', '"everything"', 'sessions[0].permissions: expected words out of "read"'),
        ("[101, 102]", "[101, 999]", "sessions[0].accounts: expected accounts of the configuration, was 999"),
        ("[101, 102]", '"some"', "sessions[0].accounts: expected a list"),
        ('"10.0.0.0/8"', '"10.0.0.1/8"', 'sessions[0].addresses: expected "unix" or a network'),
        ("expires = 2024-10-04", "expires = 5", "sessions[0].expires: expected a date"),
        ('dead_man = "30000000000ns"', "dead_man = 3", "sessions[0].dead_man: expected a duration"),
        ("burst", "bursts", 'sessions[0].bursts: unknown key, did you mean "burst"?'),
    ],
)
def test_a_mistake_is_named_with_its_place(
    data: DataDirectory, written: str, instead: str, said: str
) -> None:
    text = session_text(FULL)
    assert written in text
    data.sessions.write_text(text.replace(written, instead))
    with pytest.raises(ConfigurationError) as refused:
        load_sessions(data.sessions, EMBEDDED)
    assert any(error.startswith(f"sessions.toml: {said}") for error in refused.value.errors)


def test_names_numbers_and_keys_belong_to_one_session(data: DataDirectory) -> None:
    data.sessions.write_text(session_text(FULL) * 2)
    with pytest.raises(ConfigurationError) as refused:
        load_sessions(data.sessions, EMBEDDED)
    assert len(refused.value.errors) == 3


def test_the_demonstration_has_a_session_for_every_member_and_survives_being_cut_off(
    data: DataDirectory,
) -> None:
    first = new_key(data, "ALPINE")
    write_demonstration(data, EMBEDDED)
    sessions = {terms.name: terms for terms in load_sessions(data.sessions, EMBEDDED)}
    assert [*sessions] == [*(member.name for member in EMBEDDED.members), "OPERATOR"]
    assert sessions["ALPINE"].public_key == first
    assert sessions["ALPINE"].accounts == (101, 102, 103)
    assert sessions["OPERATOR"].accounts is None
    covered = [number for terms in sessions.values() for number in terms.accounts or ()]
    assert sorted(covered) == sorted(account.number for account in EMBEDDED.accounts)


def test_a_private_key_is_its_owners_only_and_never_overwritten(data: DataDirectory) -> None:
    public = new_key(data, "A")
    path = data.keys / "A.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public_of(read_key(path)) == public
    with pytest.raises(FileExistsError):
        new_key(data, "A")
    path.write_text("no key")
    with pytest.raises(RefusedError, match="expected a private key of 64 hex digits"):
        read_key(path)


def wanted(**others: str | None) -> NewSession:
    usual = {"name": "A", "accounts": "101", "permissions": "read,trade", "kind": "mac", "public_key": None}
    return NewSession(**(usual | others), market_data=False)  # type: ignore[arg-type]


def test_keys_are_added_and_listed(data: DataDirectory) -> None:
    made = add(data, None, wanted())
    given = add(data, None, wanted(name="B", accounts="all", permissions="admin", public_key=KEY.hex()))
    assert made.private_key is not None
    assert Path(made.private_key).exists()
    assert given.private_key is None
    assert [(one.name, one.number, one.accounts) for one in described(data, None)] == [
        ("A", 1, "101"), ("B", 2, "all"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"name": "A B"}, "name: expected 1 to 16 letters"),
        ({"accounts": "101,999"}, 'accounts: expected numbers of configured accounts or "all", was "999"'),
        ({"permissions": "read,fly"}, "permissions: expected words out of read, trade"),
        ({"public_key": "00" * 32}, "public key: expected 64 hex digits"),
    ],
)
def test_a_session_that_cannot_be_is_refused_and_nothing_is_made(
    tmp_path: Path, others: dict[str, str], said: str
) -> None:
    data = DataDirectory(tmp_path / "new")
    with pytest.raises(RefusedError, match=said):
        add(data, None, wanted(**others))
    assert not data.path.exists()


def test_the_embedded_settings_are_the_usual_ones() -> None:
    assert load_settings(None) == NodeSettings()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('tcp = "nowhere"', 'tcp: expected "HOST:PORT"'),
        ('durability = "often"', 'durability: expected one of "always"'),
        ("turn_commands = 10", "turn_commands: expected a whole number from 256"),
        ("colour = 1", "colour: unknown key"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "market.toml"
    path.write_text(f"[node]\n{line}\n")
    with pytest.raises(ConfigurationError) as refused:
        load_settings(path)
    assert refused.value.errors[0].startswith(f"market.toml: node.{said}")


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="expected a path of at most 107 bytes"):
        DataDirectory(tmp_path / ("x" * 100)).make()


def test_a_removed_session_leaves_the_rest_as_it_was_and_its_number_to_nobody(data: DataDirectory) -> None:
    add_session(data, FULL)
    with data.sessions.open("a") as file:
        file.write("\n# the night desk\n")
    made = add(data, None, NewSession("NIGHT", "101", "trade", "mac", None, False))
    assert made.number == 8
    new_hmac_secret(data, "NIGHT")
    assert remove(data, None, "NIGHT").private_key == made.private_key
    text = data.sessions.read_text()
    assert [one.name for one in load_sessions(data.sessions, EMBEDDED)] == ["DESK-1"]
    assert "# the night desk" in text
    assert text.startswith("# Sessions of this node")
    assert not (data.keys / "NIGHT.hmac").exists(), "the next NIGHT is not known by this one's secret"
    Path(made.private_key or "").unlink()
    assert add(data, None, NewSession("NIGHT", "101", "trade", "mac", None, False)).number == 9
    remove(data, None, "NIGHT")
    remove(data, None, "DESK-1")
    assert load_sessions(data.sessions, EMBEDDED) == []
    assert "retired = [7, 8, 9]" in data.sessions.read_text()
    with pytest.raises(RefusedError, match=r'expected a session of .*, was "NIGHT"'):
        remove(data, None, "NIGHT")


def test_a_number_of_a_removed_session_is_refused(data: DataDirectory) -> None:
    data.sessions.write_text("retired = [7]\n" + session_text(FULL))
    with pytest.raises(ConfigurationError, match="expected a number that no removed session had, was 7"):
        load_sessions(data.sessions, EMBEDDED)


def test_a_session_that_is_written_in_a_way_of_its_own_is_left_to_its_author(data: DataDirectory) -> None:
    inline = f'sessions = [{{name = "P", number = 8, public_key = "{KEY.hex()}"}}]\n'
    data.sessions.write_text(inline)
    with pytest.raises(RefusedError, match="take it out by hand and add 8 to the list retired"):
        remove(data, None, "P")
    assert data.sessions.read_text() == inline


def test_a_directory_that_is_not_there_has_no_sessions_to_list(tmp_path: Path) -> None:
    for ask in (lambda data: described(data, None), lambda data: remove(data, None, "P")):
        with pytest.raises(
            RefusedError, match="nowhere: expected the data directory of a node, there is none"
        ):
            ask(DataDirectory(tmp_path / "nowhere"))
