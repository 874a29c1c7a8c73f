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

from novate.compiled import entry
from novate.domain.codes import CommandFlag, CommandKind
from novate.domain.session_codes import Permission, SessionReject
from novate.gateway.binary.sessions import SessionTerms
from novate.search import row_of

Codes = npt.NDArray[np.uint16]
Words = npt.NDArray[np.int64]

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

# How a kind uses its account field: not at all, always, if a flag says so; or it is staged for another.
_UNUSED, _NAMED, _BY_FLAG, _STAGED = range(4)
# What the kernel compares with: members of enums as plain numbers.
_MISSING_PERMISSION = int(SessionReject.MISSING_PERMISSION)
_WRONG_SESSION = int(SessionReject.WRONG_SESSION)
_TIME_GIVEN = int(SessionReject.TIME_GIVEN)
_WRONG_ACCOUNT = int(SessionReject.WRONG_ACCOUNT)
_DISCONNECT = int(CommandKind.DISCONNECT)
_LEG = int(CommandKind.LEG)
_ACCOUNT_GIVEN = int(CommandFlag.ACCOUNT_GIVEN)
_SESSION_GIVEN = int(CommandFlag.SESSION_GIVEN)


def _kinds(kinds: Iterable[CommandKind]) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[[*kinds]] = True
    return table


IS_ORDERING = _kinds(ORDERING)
IS_STAGED = _kinds(STAGED)
USES = np.full(256, _UNUSED, np.int64)
USES[[*_WITH_ACCOUNT]] = _NAMED
USES[[*_ACCOUNT_BY_FLAG]] = _BY_FLAG
USES[[CommandKind.TERMS]] = _STAGED


class Admission:
    """The configured sessions as tables: which kinds and which accounts each may use."""

    def __init__(self, sessions: Sequence[SessionTerms], withheld: Iterable[CommandKind] = ()) -> None:
        """Kinds that are `withheld` nobody may send, whatever is permitted."""
        most = max((terms.number for terms in sessions), default=0) + 1
        self._kinds = np.zeros((most, 256), np.bool_)
        self._accounts = np.unique(
            np.array([account for terms in sessions for account in terms.accounts or ()], np.int64)
        )
        self._own = np.zeros((most, len(self._accounts) + 1), np.bool_)
        self._all = np.zeros(most, np.bool_)
        for terms in sessions:
            self._kinds[terms.number, [*kinds_of(terms.permissions)]] = True
            self._kinds[terms.number, [*withheld]] = False
            self._all[terms.number] = terms.accounts is None
            if terms.accounts:
                self._own[terms.number, np.searchsorted(self._accounts, terms.accounts)] = True

    def judge(self, words: Words, senders: npt.NDArray[np.int64], codes: Codes) -> int:
        """Write the SessionReject of each of the first len(codes) commands into `codes`.

        `words` are the commands, (n, 8) int64; `senders` the numbers of the sessions that sent them. Returns
        how many are refused, and above them, by 2**32, how many are staged for another. Rate and overload
        come later, because they need to know what is left; so does what is staged.
        """
        return int(
            judge_commands(words, senders, codes, self._kinds, self._accounts, self._own, self._all, USES)
        )


@entry
def judge_commands(
    words: Words,
    senders: npt.NDArray[np.int64],
    codes: Codes,
    kinds: npt.NDArray[np.bool_],
    accounts: npt.NDArray[np.int64],
    own: npt.NDArray[np.bool_],
    everybody: npt.NDArray[np.bool_],
    uses: npt.NDArray[np.int64],
) -> int:
    """The rungs of admission for the commands of a turn; see `Admission.judge`."""
    refused = 0
    staged = 0
    for at in range(len(codes)):
        number, head, names = senders[at], words[at, 0], words[at, 1]
        kind, flags = head & 0xFF, (head >> 48) & 0xFFFF
        use = uses[kind]
        code = 0
        if not kinds[number, kind]:
            code = _MISSING_PERMISSION
        elif (names >> 16) & 0xFFFF != number:
            code = _WRONG_SESSION
        elif words[at, 3] != 0:
            code = _TIME_GIVEN
        elif not everybody[number]:
            named = use == _NAMED or (use == _BY_FLAG and flags & _ACCOUNT_GIVEN != 0)
            # Without an account these reach every order of the session, or without that of the whole market.
            wide = use == _BY_FLAG and not named and kind != _DISCONNECT and flags & _SESSION_GIVEN == 0
            account = (names >> 32) & 0xFFFFFFFF
            row = row_of(accounts, account)
            is_own = row >= 0 and own[number, row]
            if wide or (named and not is_own):
                code = _WRONG_ACCOUNT
        codes[at] = code
        refused += code != 0
        staged += use == _STAGED or kind == _LEG
    return refused | staged << 32


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
