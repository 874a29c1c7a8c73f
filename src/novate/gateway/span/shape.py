"""The elements of a .spn file that Novate reads, as a tree (span-rules.md, section 1).

    spanFile -> pointInTime -> clearingOrg -> ccDef | interSpreads | exchange -> oopPf -> series -> opt -> ra

A node is what is kept of an element: GROUP its children, TEXT its text, the rest a value that the tokens
kernel makes itself because there are millions of them. An element that is not in the tree is ignored with
all that it holds, unless its parent has ANY: then it is kept, as a sign that something is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

GROUP, TEXT, NUMBER, LETTER, RATE, ENTRY, RISK_ARRAY = range(7)
ANY = "*"
LONGEST_NAME = 24
Shape = dict[str, Any]


def _text(*names: str) -> Shape:
    return dict.fromkeys(names, TEXT)


_RATE_VALUE = _text("r", "val")
_LEG = {**_text("cc", "tn", "pe", "rs", "i"), "rate": _RATE_VALUE, "volRate": {}}
_SPREAD: Shape = {
    **_text("spread", "chargeMeth", "spreadType"),
    "rate": _RATE_VALUE,
    "tLeg": _LEG,
    "pLeg": _LEG,
    "rpLeg": {},
    "volRate": {},
    "dSpread": {},
}
_TIERS = {"tier": {**_text("tn", "sPe", "ePe"), "rate": _RATE_VALUE}}
_SCAN_RATE = _text("r", "priceScan", "priceScanPct")
_ARRAY = {"r": RATE, "a": ENTRY, "d": NUMBER, "": RISK_ARRAY}
_FAMILY = _text("pfId", "pfCode", "cvf", "valueMeth")
_CONTRACT = {**_text("cId", "pe", "p", "cvf", "sc"), "scanRate": _SCAN_RATE, "ra": _ARRAY}
_OPTION = {"o": LETTER, "k": NUMBER, "p": NUMBER, "cvf": NUMBER, "sc": NUMBER, "ra": _ARRAY}
_SERIES = {
    **_text("pe", "cvf", "sc"),
    "undC": _text("exch", "pfId", "cId"),
    "scanRate": _SCAN_RATE,
    "opt": _OPTION,
}
_COMMODITY = {
    **_text("cc", "currency", "wfprMeth", "spotMeth", "somMeth", "riskExponent", "capAnov"),
    "pfLink": _text("exch", "pfId", "pfType", "sc"),
    "adjRate": _text("r", "baseR", "val"),
    "scanTiers": _TIERS,
    "intraTiers": _TIERS,
    "interTiers": _TIERS,
    "somTiers": _TIERS,
    "dSpread": _SPREAD,
    "sSpread": {},
    "spotRate": _text("r", "pe", "sprd", "outr"),
}
_ORGANISATION = {
    **_text("ec", "name", "isContractScale", "isNetMargin", "lookAheadYears", "finalizeMeth", "oopDeltaMeth"),
    "capAnov": TEXT,
    "curConv": _text("fromCur", "toCur", "factor"),
    "pbRateDef": _text("r", "isCust", "acctType", "isM"),
    "pointDef": {"r": TEXT, "scanPointDef": _text("point", "weight", "pairedPoint")},
    "ccDef": _COMMODITY,
    "interSpreads": {"dSpread": _SPREAD, "sSpread": {}},
    "superSpreads": {ANY: {}},
    "superInterClearSpreads": {ANY: {}},
    "interClearSpreads": {ANY: {}},
    "exchange": {
        "exch": TEXT,
        "phyPf": {**_FAMILY, "phy": _CONTRACT},
        "futPf": {**_FAMILY, "fut": _CONTRACT},
        "oopPf": {**_FAMILY, "series": _SERIES},
        "oofPf": {**_FAMILY, "series": _SERIES},
    },
}
_PORTFOLIO = {
    "acctId": TEXT,
    "ecPort": {"ccPort": {"cc": TEXT, "np": _text("exch", "pfCode", "pfType", "pe", "o", "k", "net")}},
}
SHAPE: Shape = {
    "spanFile": {
        **_text("fileFormat", "created"),
        "definitions": {"currencyDef": _text("currency", "decimalPos")},
        "pointInTime": {
            **_text("date", "isSetl", "setlQualifier"),
            "clearingOrg": _ORGANISATION,
            "portfolio": _PORTFOLIO,
        },
    }
}


@dataclass(frozen=True)
class Tree:
    """The shape as tables for the kernel, and the names for everybody else. Node 0 stands above the root."""

    nodes: npt.NDArray[np.int64]
    """(nodes, 4): first edge, number of edges, node for any other child or -1, kind."""
    edges: npt.NDArray[np.int64]
    """(edges, 4): the name as three words, the node that it leads to."""
    names: tuple[str, ...]
    paths: dict[str, int] = field(repr=False)
    """"spanFile/definitions" -> node."""


def name_words(name: str) -> tuple[int, int, int]:
    """A name of at most 24 bytes as three little-endian words, exactly."""
    data = name.encode().ljust(LONGEST_NAME, b"\0")
    first, second, third = (int.from_bytes(data[at : at + 8], "little") for at in (0, 8, 16))
    return first, second, third


def tree_of(shape: Shape) -> Tree:
    """Number the nodes of a shape and lay their edges side by side."""
    kinds, names, paths = [GROUP], [""], {"": 0}
    places: list[tuple[int, int, int]] = []
    edges: list[tuple[int, int, int, int]] = []
    waiting: list[tuple[int, str, Shape]] = [(0, "", shape)]
    while waiting:
        _, path, children = waiting.pop(0)
        first, other = len(edges), -1
        for name, below in children.items():
            if name == "":
                continue
            child = len(kinds)
            kinds.append(below if isinstance(below, int) else below.get("", GROUP))
            names.append(name)
            paths[f"{path}/{name}" if path else name] = child
            waiting.append(
                (child, f"{path}/{name}" if path else name, {} if isinstance(below, int) else below)
            )
            if name == ANY:
                other = child
            else:
                edges.append((*name_words(name), child))
        places.append((first, len(edges) - first, other))
    rows = [(*place, kind) for place, kind in zip(places, kinds, strict=True)]
    return Tree(np.array(rows, np.int64), np.array(edges, np.int64), tuple(names), paths)
