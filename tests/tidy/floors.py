"""The floor plan as a rule: who may import whom.

    compiled < tables, growth, processor, search, signatures < domain < journal, client
             < venue, clearing < proof < views, reports, simulation, gateway, adapters < app

A floor imports the floors below it: never above, never beside. Concrete rooms (the two planes, the journal,
the adapters) meet in `app/bootstrap.py` (the execution plane) and `app/bootstrap_clearing.py` (the
settlement plane) and nowhere else, so that each plane has one place where it is wired.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.tidy.sources import Source, imported_modules

FLOORS = {
    "novate": 0,  # the package's own __init__
    "compiled": 1,
    "tables": 2,
    "processor": 2,
    "growth": 2,
    "search": 2,
    "signatures": 2,
    "domain": 3,
    "journal": 4,
    "client": 4,  # what a customer's program needs: the domain and nothing else
    "venue": 5,
    "clearing": 5,
    "proof": 6,
    "views": 7,
    "reports": 7,
    "simulation": 7,
    "gateway": 7,
    "adapters": 7,
    "app": 8,
}
CONCRETE = ("venue", "clearing", "journal", "adapters")
WIRING = ("novate.app.bootstrap", "novate.app.bootstrap_clearing")
NUMBA_DOORS = ("novate.compiled", "novate.tables", "novate.processor")


def imports_that_run_up(source: Source) -> Iterator[str]:
    """Imports from a floor above or beside the file's own."""
    own = source.floor
    if own not in FLOORS:
        yield source.at(source.tree, f"expected a folder of the floor plan, was {own!r}")
        return
    for node, module in imported_modules(source):
        if not module.startswith("novate."):
            continue
        other = module.split(".")[1]
        if other not in FLOORS:
            yield source.at(node, f"expected a folder of the floor plan, was {module}")
        elif other != own and FLOORS[other] >= FLOORS[own]:
            yield source.at(node, f"{own} stands below or beside {other}: expected no import of {module}")


def meetings_outside_bootstrap(source: Source) -> Iterator[str]:
    """Modules of the top floor, other than the bootstrap, that join concrete rooms themselves."""
    if source.floor != "app" or source.name in WIRING:
        return
    met = {}
    for node, module in imported_modules(source):
        parts = module.split(".")
        if parts[0] == "novate" and len(parts) > 1 and parts[1] in CONCRETE:
            met.setdefault(parts[1], node)
    if "adapters" in met:
        yield source.at(met["adapters"], f"adapters are chosen in {WIRING[0]} only")
    for one, other in (("venue", "clearing"), ("venue", "journal"), ("clearing", "journal")):
        if one in met and other in met:
            yield source.at(met[other], f"{one} and {other} meet in {WIRING[0]} only")


def numba_outside_its_door(source: Source) -> Iterator[str]:
    """Imports of the compiler anywhere but in the files that wrap it."""
    if source.name in NUMBA_DOORS:
        return
    for node, module in imported_modules(source):
        if module.split(".")[0] in ("numba", "llvmlite"):
            yield source.at(node, f"expected novate.compiled as the door to {module}")
