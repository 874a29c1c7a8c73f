"""A scenario told step by step: what was asked, what happened, and the book before and after.

    scenario.jsonl --> header -> Venue;  every command -> words, events -> words, book before, book after
                                                                                    --> Explanation

The venue is the real one, as for `novate conform`. A difference from the scenario's `expect` does not end the
story: it is told where it is. What the venue does not do is refused, because its picture would be a lie.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from novate.app.conform import Runner, build_runner
from novate.app.conform_scenario import Scenario, ScenarioError, Step, read_scenarios
from novate.app.explain_events import event_words
from novate.app.explain_orders import KnownOrders
from novate.app.explain_picture import DEEPEST, BookPicture, more_of, parked_orders, resting_orders
from novate.app.explain_words import command_words, generic
from novate.domain.codes import Reject

Json = dict[str, Any]

ABOUT_NO_BOOK = (
    "TIME", "CREDIT", "SET_MARGIN", "SET_LIMIT", "BALANCE", "KILL", "REVIVE", "DISCONNECT",
)  # fmt: skip


class NotSupportedError(Exception):
    """A command that the venue does not have; the message names file, line and command."""


class EventStory(msgspec.Struct, frozen=True):
    """One event and its words."""

    said: str
    event: Json


class MarketStory(msgspec.Struct, frozen=True):
    """The book of one market around a step."""

    market: int
    before: BookPicture
    after: BookPicture


class StepStory(msgspec.Struct, frozen=True):
    """One command, what it did, and whether that was expected."""

    step: int
    line: int
    said: str
    command: Json
    events: list[EventStory]
    as_expected: bool
    expected: list[Json] | None
    """The scenario's own events, where they differ from what happened."""
    markets: list[MarketStory]


class Explanation(msgspec.Struct, frozen=True):
    """A scenario and its steps, or those that were asked for."""

    scenario: str
    path: str
    line: int
    level: str
    rules: list[str]
    description: str
    terms: list[str]
    """What differs from an ordinary market, one line a market."""
    total: int
    """Steps of the whole scenario."""
    steps: list[StepStory]
    differing: list[int]
    """Steps that differ from `expect`, shown or not."""
    refusal: str = ""
    """Why the venue of the header cannot be built, if that is the point of the scenario."""

    @property
    def ok(self) -> bool:
        """True if everything came as the scenario says."""
        return not self.differing


class _Telling:
    """A running scenario, and what a picture needs that the venue's book does not say."""

    def __init__(self, scenario: Scenario, runner: Runner) -> None:
        self.scenario = scenario
        self.runner = runner
        self.known = KnownOrders()
        markets = scenario.markets
        self.states = [market.get("initial_state", "CONTINUOUS") for market in markets]
        self.references: list[int | None] = [market.get("ref_price") for market in markets]
        self.indicatives: list[tuple[int | None, int, int] | None] = [None] * len(markets)
        self.seen: list[BookPicture] | None = None
        """The books behind the step before, if they were drawn."""

    def step(self, number: int, step: Step, shown: bool) -> tuple[bool, StepStory | None]:
        """Apply one command: whether it gave what was expected, and its story if it is to be shown."""
        before = (self.seen or self._books()) if shown else []
        self.seen = None
        said = command_words(step.command, self.known, self.scenario.is_multi)
        got = self.runner.answer(step)
        as_expected = got == step.expect
        if not as_expected and _says_not_supported(got, step.expect):
            place = f"{self.scenario.path}:{step.line}"
            raise NotSupportedError(
                f"{place}: expected what this venue does, was {step.command['cmd']}: {said}"
            )
        self.known.learn(step.command, got)
        self._note(got)
        if not shown:
            return as_expected, None
        return as_expected, StepStory(
            step=number,
            line=step.line,
            said=said,
            command=step.command,
            events=[
                EventStory(event_words(event, self.known, self.scenario.is_multi), event) for event in got
            ],
            as_expected=as_expected,
            expected=None if as_expected else step.expect,
            markets=self._changed(step, before),
        )

    def _books(self) -> list[BookPicture]:
        found = []
        for market, state in enumerate(self.states):
            book = self.runner.venue.book(market, DEEPEST + 1)
            found.append(
                BookPicture(
                    market=market,
                    state=state,
                    last=book.last,
                    reference=self.references[market],
                    indicative=self.indicatives[market],
                    bids=resting_orders(book.bids, self.known),
                    asks=resting_orders(book.asks, self.known),
                    parked=parked_orders(book.parked, self.known),
                    more=more_of(book.bids, book.asks, book.parked),
                )
            )
        return found

    def _note(self, events: list[Json]) -> None:
        """State, reference and indicative price are told by events only."""
        for event in events:
            market, kind = event.get("market", 0), event.get("ev")
            if kind == "STATE":
                self.states[market] = event["to"]
                self.indicatives[market] = None
            elif kind == "REF_SET":
                self.references[market] = event["price"]
            elif kind == "INDICATIVE":
                self.indicatives[market] = (event["price"], event["qty"], event["imbalance"])

    def _changed(self, step: Step, before: list[BookPicture]) -> list[MarketStory]:
        """The markets whose picture changed; without any, the market that the command names."""
        after = self.seen = self._books()
        stories = [MarketStory(new.market, old, new) for old, new in zip(before, after, strict=True)]
        changed = [story for story in stories if story.before != story.after]
        named = step.command.get("market", 0)
        if changed or step.command["cmd"] in ABOUT_NO_BOOK:
            return changed
        return [story for story in stories if story.market == named]


def _says_not_supported(got: list[Json], expected: list[Json]) -> bool:
    """The venue said itself that it does not do this, and the scenario does not expect it to."""
    refusal = Reject.NOT_SUPPORTED.name
    return any(event.get("reason") == refusal for event in got) and not any(
        event.get("reason") == refusal for event in expected
    )


def explain_file(path: Path, name: str | None = None, wanted: list[range] | None = None) -> list[Explanation]:
    """Tell the scenarios of a file, or the one of a name. ScenarioError for a file that is none."""
    if path.is_dir():
        raise ScenarioError(f"{path}: expected a scenario file, was a folder")
    scenarios = read_scenarios(path)
    if name is not None:
        names = [scenario.name for scenario in scenarios]
        scenarios = [scenario for scenario in scenarios if scenario.name == name]
        if not scenarios:
            raise ScenarioError(f"{path}: expected one of the scenarios {', '.join(names)}, was {name}")
    return [explain_scenario(scenario, wanted) for scenario in scenarios]


def parse_steps(text: str) -> list[range]:
    """Ranges of steps: `3`, `2-5`, `7-`, and several of them behind commas. ValueError for anything else."""
    found = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        is_good = first.isdecimal() and int(first) > 0 and (not last or last.isdecimal())
        if not is_good or (dash and last and int(last) < int(first)):
            raise ValueError(f"expected steps such as 3, 2-5 or 7-, was {text!r}")
        end = int(last) if last else (2**31 if dash else int(first))
        found.append(range(int(first), end + 1))
    return found


def explain_scenario(scenario: Scenario, wanted: list[range] | None = None) -> Explanation:
    """Run one scenario to its end and tell the wanted steps."""
    runner, refusal = build_runner(scenario)
    if runner is None or scenario.refuses_configuration:
        return _configuration_story(scenario, runner is not None, refusal)
    _require_steps(scenario, wanted)
    telling = _Telling(scenario, runner)
    stories: list[StepStory] = []
    differing = []
    for number, step in enumerate(scenario.steps, start=1):
        shown = wanted is None or any(number in part for part in wanted)
        as_expected, story = telling.step(number, step, shown)
        differing += [] if as_expected else [number]
        stories += [] if story is None else [story]
    return _explanation(scenario, stories, differing)


def _require_steps(scenario: Scenario, ranges: list[range] | None) -> None:
    for part in ranges or []:
        if part.start > len(scenario.steps):
            raise ScenarioError(
                f"{scenario.path}: expected steps from 1 to {len(scenario.steps)} of {scenario.name}, "
                f"was {part.start}"
            )


def _configuration_story(scenario: Scenario, was_built: bool, refusal: str) -> Explanation:
    """A venue that must not be built has no steps; a header that should build one is an error of the file."""
    if not scenario.refuses_configuration:
        raise ScenarioError(
            f"{scenario.path}:{scenario.line}: expected a header of docs/scenario-format.md, was {refusal}"
        )
    return _explanation(scenario, [], [0] if was_built else [], refusal)


def _explanation(
    scenario: Scenario, stories: list[StepStory], differing: list[int], refusal: str = ""
) -> Explanation:
    terms = [generic(f"market {number}:", market) for number, market in enumerate(scenario.markets) if market]
    credit = scenario.header.get("credit", [])
    terms += [f"account {acct} starts with {amount:,} of asset {asset}" for acct, asset, amount in credit]
    return Explanation(
        scenario=scenario.name,
        path=str(scenario.path),
        line=scenario.line,
        level=scenario.level,
        rules=scenario.rules,
        description=str(scenario.header.get("description", "")),
        terms=terms,
        total=len(scenario.steps),
        steps=stories,
        differing=differing,
        refusal=refusal,
    )
