"""Admission: which of the commands that arrived in a turn may be sequenced, and why the others may not.

    frame of a session -> permission by kind -> own session number -> no time -> own account
                       -> overload (new orders only) -> rate (new orders only)

What only the state of the market can tell is not asked here: that is the venue's business, and its refusals
stand in the journal's events. Refusals of admission leave no trace in the journal.

A TERMS or LEG record and the command behind it are one thing: they are taken or refused together. Cancels
are never refused for rate or overload: who is in trouble must be able to get out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandFlag, CommandKind
from novate.domain.records import Commands
from novate.domain.session_codes import Permission, SessionReject
from novate.gateway.binary.sessions import SessionTerms

Codes = npt.NDArray[np.uint16]

ORDERING = (CommandKind.NEW, CommandKind.AMEND, CommandKind.NEW_OCO, CommandKind.QUOTE)
STAGED = (CommandKind.TERMS, CommandKind.LEG)
PERMITTED = {
    Permission.TRADE: (*ORDERING, CommandKind.CANCEL, CommandKind.MASS_CANCEL, CommandKind.MMP_SET,
                       CommandKind.MMP_RESET, CommandKind.DISCONNECT, *STAGED),
    Permission.CLEAR: (CommandKind.CREDIT, CommandKind.SET_MARGIN),
    Permission.TRANSFER: (CommandKind.CREDIT,),
}  # fmt: skip
_NEVER = (CommandKind.CONFIGURATION, CommandKind.EVIDENCE, CommandKind.TIME)
"""What only the node itself writes: what it was founded on, who sent what, and how late it is."""
_EVERYTHING = tuple(kind for kind in CommandKind if kind not in _NEVER)
_WITH_ACCOUNT = (CommandKind.NEW, CommandKind.AMEND, CommandKind.NEW_OCO, CommandKind.QUOTE,
                 CommandKind.CANCEL, CommandKind.MMP_SET, CommandKind.MMP_RESET, CommandKind.CREDIT,
                 CommandKind.LEG)  # fmt: skip
_ACCOUNT_BY_FLAG = (CommandKind.MASS_CANCEL, CommandKind.DISCONNECT)


def _kinds(kinds: Iterable[CommandKind]) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[[*kinds]] = True
    return table


IS_ORDERING = _kinds(ORDERING)
IS_STAGED = _kinds(STAGED)
_NEEDS_ACCOUNT = _kinds(_WITH_ACCOUNT)
_BY_FLAG = _kinds(_ACCOUNT_BY_FLAG)


class Admission:
    """The configured sessions as tables: which kinds and which accounts each may use."""

    def __init__(self, sessions: Sequence[SessionTerms]) -> None:
        most = max((terms.number for terms in sessions), default=0) + 1
        self._kinds = np.zeros((most, 256), np.bool_)
        self._accounts = np.unique(
            np.array([account for terms in sessions for account in terms.accounts or ()], np.int64)
        )
        self._own = np.zeros((most, len(self._accounts) + 1), np.bool_)
        self._all = np.zeros(most, np.bool_)
        for terms in sessions:
            self._kinds[terms.number, [*kinds_of(terms.permissions)]] = True
            self._all[terms.number] = terms.accounts is None
            if terms.accounts:
                self._own[terms.number, np.searchsorted(self._accounts, terms.accounts)] = True

    def judge(self, commands: Commands, numbers: npt.NDArray[np.int64]) -> Codes:
        """(n,) SessionReject of each command; `numbers` are the sessions that sent them.

        Rate and overload come later, because they need to know what is left; so do staged records.
        """
        kinds = commands["kind"]
        codes = np.zeros(len(commands), np.uint16)
        flags = commands["flags"]
        given = flags & CommandFlag.ACCOUNT_GIVEN != 0
        named = _NEEDS_ACCOUNT[kinds] | (_BY_FLAG[kinds] & given)
        # Without an account these reach every order of the session, or without that of the whole market.
        own_only = (kinds == CommandKind.DISCONNECT) | (flags & CommandFlag.SESSION_GIVEN != 0)
        wide = _BY_FLAG[kinds] & ~given & ~own_only
        accounts = commands["account"].astype(np.int64)
        column = np.searchsorted(self._accounts, accounts)
        listed = column < len(self._accounts)
        column[~listed] = len(self._accounts)
        listed[listed] = self._accounts[column[listed]] == accounts[listed]
        own = self._all[numbers] | (listed & self._own[numbers, column])
        codes[(named & ~own) | (wide & ~self._all[numbers])] = SessionReject.WRONG_ACCOUNT
        codes[commands["time"] != 0] = SessionReject.TIME_GIVEN
        codes[commands["session"] != numbers] = SessionReject.WRONG_SESSION
        codes[~self._kinds[numbers, kinds]] = SessionReject.MISSING_PERMISSION
        return codes


def kinds_of(permissions: Permission) -> tuple[CommandKind, ...]:
    """Kinds of commands that a session with these permissions may send."""
    if Permission.ADMIN in permissions:
        return _EVERYTHING
    return tuple(
        kind for permission, kinds in PERMITTED.items() if permission in permissions for kind in kinds
    )


def join_staged(kinds: npt.NDArray[np.uint8], codes: Codes, ends: npt.NDArray[np.int64]) -> None:
    """Give a staged record and its command one verdict, the first refusal of the two; in place.

    `ends` are the ends of the frames: a staged record that is the last of its frame has no command.
    """
    staged = np.flatnonzero(IS_STAGED[kinds])
    last = set((ends - 1).tolist())
    for at in staged[::-1].tolist():
        if at in last or IS_STAGED[kinds[at + 1]]:
            codes[at] = codes[at] or SessionReject.TERMS_WITHOUT_ORDER
        else:
            codes[at] = codes[at + 1] = codes[at] or codes[at + 1]
