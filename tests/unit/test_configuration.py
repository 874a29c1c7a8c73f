"""`novate.toml`: what is accepted, and what a person is told about what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from novate.app.configuration import ConfigurationError, embedded_configuration, load_configuration
from novate.app.progress import SILENT
from novate.app.run_orders import RunRequest, read_request
from novate.domain.configuration import Configuration, canonical_json, from_canonical_json
from novate.domain.instruments import InstrumentKind
from novate.domain.resolve import venue_terms
from novate.venue.machine import Venue

SMALL = """
business_date = 2026-03-02
house = "NYSE"
[calendars.NYSE]
holidays = [2026-04-03]
[currencies.USD]
digits = 2
[[instruments]]
symbol = "ACME"
kind = "equity"
currency = "USD"
calendar = "NYSE"
tick = 0.05
reference_price = "10.00"
static_band = 5
credit = "deliverable"
[[members]]
name = "ALPHA"
[[accounts]]
number = 7
member = "ALPHA"
account = "CLIE"
[credit]
USD = "1000.00"
ACME = 5
"""


def load(tmp_path: Path, text: str) -> Configuration:
    path = tmp_path / "novate.toml"
    path.write_text(text)
    return load_configuration(path)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    return caught.value.errors


def test_a_small_market_is_read_with_exact_numbers(tmp_path: Path) -> None:
    configuration = load(tmp_path, SMALL)
    (acme,) = configuration.instruments
    assert (acme.tick, acme.static_band, acme.cycle) == ("0.05", "5", 1)
    assert configuration.credit == {"USD": "1000.00", "ACME": "5"}
    assert configuration.calendars["NYSE"].holidays == ("2026-04-03",)


def test_the_embedded_default_shows_every_kind_and_survives_the_journal() -> None:
    configuration = embedded_configuration()
    assert {one.kind for one in configuration.instruments} == set(InstrumentKind)
    assert from_canonical_json(canonical_json(configuration)) == configuration


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("tick = 0.05", 'tick = "abc"', 'instruments[0].tick: expected a decimal such as "0.01", was "abc"'),
        ("tick = 0.05", "tick = 0", 'instruments[0].tick: expected a decimal above 0, was "0"'),
        (
            "tick = 0.05",
            "tick = 0.001",
            "instruments[0].tick: expected tick x lot x contract_size to be a whole number of minor units"
            " of USD (2 digits), was 1/10 of one; use a larger tick or lot",
        ),
        ("tick = 0.05", "tikc = 0.05", 'instruments[0].tikc: unknown key, did you mean "tick"?'),
        (
            'reference_price = "10.00"',
            'reference_price = "10.07"',
            "instruments[0].reference_price: expected a price on the tick of 0.05, was 10.07",
        ),
        (
            "static_band = 5\n",
            "",
            "instruments[0].static_band: expected a band, or a protection, because the market uses credit and"
            " its market orders must be bounded (K5), was neither",
        ),
        (
            'calendar = "NYSE"',
            'calendar = "NYCE"',
            'instruments[0].calendar: expected a configured calendar, was "NYCE"; did you mean "NYSE"?',
        ),
        (
            'currency = "USD"',
            'currency = "EUR"',
            'instruments[0].currency: expected a configured currency (USD), was "EUR"',
        ),
        (
            'calendar = "NYSE"',
            'calendar = "NYSE"\ncycle = 6',
            "instruments[0].cycle: expected a whole number from 0 to 5, was 6",
        ),
        (
            'calendar = "NYSE"',
            'max_quantity = 4000000000\nmax_price = "500000000"',
            "instruments[0].max_quantity: expected max_quantity x max_price x multiplier below 2**60 (K20),"
            " was 200000000000000000000",
        ),
        (
            'account = "CLIE"',
            'account = "LIPR"',
            "accounts[0].account: expected an account type that ALPHA has (HOUS, CLIE), was"
            ' "LIPR"',
        ),
        (
            'USD = "1000.00"',
            'USD = "0.001"',
            "credit.USD: expected at most 2 digits behind the point, was 0.001",
        ),
        (
            "business_date = 2026-03-02",
            'business_date = "2026-02-30"',
            'business_date: expected a date such as 2026-03-02, was "2026-02-30"',
        ),
        (
            "holidays = [2026-04-03]",
            "weekend = [0, 1, 2, 3, 4, 5, 6]",
            "calendars.NYSE.weekend: expected at least one open weekday, was all seven",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_place_expectation_and_finding(
    tmp_path: Path, wrong: str, right: str, message: str
) -> None:
    assert wrong in SMALL
    assert f"novate.toml: {message}" in mistakes(tmp_path, SMALL.replace(wrong, right, 1))


def test_all_mistakes_are_told_in_one_run(tmp_path: Path) -> None:
    text = SMALL.replace("tick = 0.05", 'tick = "abc"').replace('member = "ALPHA"', 'member = "ALFA"')
    assert mistakes(tmp_path, text) == [
        'novate.toml: instruments[0].tick: expected a decimal such as "0.01", was "abc"',
        'novate.toml: accounts[0].member: expected a configured member, was "ALFA"; did you mean "ALPHA"?',
    ]


def test_names_stand_once(tmp_path: Path) -> None:
    doubled = SMALL + '[[members]]\nname = "ALPHA"\n'
    assert mistakes(tmp_path, doubled) == [
        'novate.toml: members[1].name: expected a value of its own, was "ALPHA" as in members[0]'
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a configuration, was an empty file"),
        (b"name = ", "expected TOML, was: Invalid value (at end of document)"),
        (b"\xff\xfe", "expected UTF-8 text, was something else at byte 0"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "novate.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path)
    assert caught.value.errors == [f"{path}: {message}"]


def test_no_file_and_a_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="expected a configuration file, found none"):
        load_configuration(tmp_path / "none.toml")
    with pytest.raises(ConfigurationError, match="expected a TOML file, was a directory"):
        load_configuration(tmp_path)


def test_the_holidays_of_an_exchange_become_plain_dates(tmp_path: Path) -> None:
    text = SMALL.replace("holidays = [2026-04-03]", 'exchange = "XNYS"\nholidays = [2026-03-17]')
    holidays = load(tmp_path, text).calendars["NYSE"].holidays
    assert {"2026-03-17", "2026-04-03", "2026-11-26"} <= set(holidays)
    assert "2026-10-12" not in holidays
    wrong = SMALL.replace("holidays = [2026-04-03]", 'exchange = "XNYX"')
    expected = 'expected the code of an exchange such as "XNYS", was "XNYX"; did you mean "XNYS"?'
    assert mistakes(tmp_path, wrong) == [f"novate.toml: calendars.NYSE.exchange: {expected}"]


@pytest.mark.parametrize("date", ["0001-01-01", "1677-09-20", "1969-12-31", "2262-01-01", "9999-12-31"])
def test_a_business_date_must_fit_the_clock(tmp_path: Path, date: str) -> None:
    (mistake,) = mistakes(tmp_path, SMALL.replace("2026-03-02", date))
    assert mistake == (
        f"novate.toml: business_date: expected a date from 1970-01-01 to 2261-12-31, was {date}"
    )


@pytest.mark.parametrize("date", ["1970-01-01", "2261-12-31"])
def test_the_first_and_the_last_business_date_are_taken(tmp_path: Path, date: str) -> None:
    assert load(tmp_path, SMALL.replace("2026-03-02", date)).business_date == date


@pytest.mark.parametrize(("date", "weekday"), [("2026-10-10", "Saturday"), ("2026-04-03", "Friday")])
def test_a_business_date_on_which_every_market_is_closed_is_told(
    tmp_path: Path, date: str, weekday: str
) -> None:
    (mistake,) = mistakes(tmp_path, SMALL.replace("2026-03-02", date, 1))
    expected = "novate.toml: business_date: expected a trading day of at least one market"
    assert mistake == f"{expected}, was {date}, a {weekday} on which all of them are closed"


def test_one_open_market_is_enough(tmp_path: Path) -> None:
    other = SMALL.replace('calendar = "NYSE"\n', "").replace("2026-03-02", "2026-04-03", 1)
    assert load(tmp_path, other).business_date == "2026-04-03"


def test_a_file_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, "a = " + "[" * 100_000)
    assert "nested deeper than can be read" in mistake


@pytest.mark.parametrize("number", ["nan", "1e400", "-5.5"])
@pytest.mark.parametrize(
    ("wrong", "place"),
    [('symbol = "ACME"', "instruments[0].symbol"), ('kind = "equity"', "instruments[0].isin")],
)
def test_a_number_is_no_name(tmp_path: Path, wrong: str, place: str, number: str) -> None:
    field = place.rpartition(".")[2]
    right = f"{wrong}\n{field} = {number}" if field not in wrong else f"{field} = {number}"
    assert any(
        one.startswith(f"novate.toml: {place}: ") for one in mistakes(tmp_path, SMALL.replace(wrong, right))
    )
    (mistake,) = mistakes(tmp_path, f"name = {number}\n{SMALL}")
    assert mistake == f"novate.toml: name: expected a text, was {number}"


OPTION = """
[[instruments]]
symbol = "ACME-C"
kind = "option"
currency = "USD"
tick = 0.05
contract_size = 100
expiry = 2026-06-19
strike = 10
option_type = "CALL"
underlying = "ACME"
"""
WITH_OPTION = SMALL.replace("[[members]]", OPTION + "[[members]]", 1)


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("strike = 10", "strike = 0", 'strike: expected a decimal above 0 and below 10**12, was "0"'),
        (
            "strike = 10",
            "strike = 99999999999999999999999999",
            'strike: expected a decimal above 0 and below 10**12, was "99999999999999999999999999"',
        ),
        (
            "expiry = 2026-06-19",
            "expiry = 2026-03-01",
            "expiry: expected no date before the business date 2026-03-02, was 2026-03-01",
        ),
        (
            'underlying = "ACME"',
            'underlying = "ACNE"',
            'underlying: expected a configured instrument, was "ACNE"; did you mean "ACME"?',
        ),
        (
            'underlying = "ACME"',
            'underlying = "ACME-C"',
            'underlying: expected a configured instrument, was "ACME-C"; did you mean "ACME"?',
        ),
        (
            "strike = 10",
            'strike = 10\nisin = ""',
            'isin: expected a name of letters, digits and . _ / : + - (at most 64), was ""',
        ),
        (
            "strike = 10",
            "strike = 10\nmaker_ppm = -1\ntaker_ppm = -2",
            "taker_ppm: expected a rebate on one side at most, was -1 and -2: the venue would pay both sides",
        ),
    ],
)
def test_nonsense_in_an_option_is_told(tmp_path: Path, wrong: str, right: str, message: str) -> None:
    assert len(load(tmp_path, WITH_OPTION).instruments) == 2
    assert mistakes(tmp_path, WITH_OPTION.replace(wrong, right, 1)) == [
        f"novate.toml: instruments[1].{message}"
    ]


def test_limits_ask_for_orders_whose_sums_fit(tmp_path: Path) -> None:
    limited = SMALL.replace("[calendars.NYSE]", "limits = true\n[calendars.NYSE]", 1)
    (mistake,) = mistakes(tmp_path, limited)
    assert mistake.startswith(
        "novate.toml: instruments[0].max_quantity: expected max_quantity x max_price x multiplier up to"
        " 2**40, because limits = true (K20), was "
    )
    bounds = "max_quantity = 1000000\nmax_price = 1000\ntick = 0.05"
    Venue(venue_terms(load(tmp_path, limited.replace("tick = 0.05", bounds))))


def test_the_house_must_be_open_on_some_day_of_settlement(tmp_path: Path) -> None:
    sundays = "[calendars.SUNDAYS]\nweekend = [0, 1, 2, 3, 4, 5]\n[currencies.USD]"
    text = SMALL.replace('house = "NYSE"', 'house = "SUNDAYS"').replace("[currencies.USD]", sundays)
    (mistake,) = mistakes(tmp_path, text)
    assert mistake.startswith(
        "novate.toml: instruments[0].calendar: expected a weekday on which market, bank,"
    )


def test_a_member_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, SMALL.replace('name = "ALPHA"', 'name = "AL,PHA"'))
    assert mistake.startswith("novate.toml: members[0].name: ")


def test_a_run_needs_accounts(tmp_path: Path) -> None:
    path = tmp_path / "novate.toml"
    path.write_text(SMALL.partition("[[members]]")[0])
    with pytest.raises(ConfigurationError) as caught:
        read_request(RunRequest(out=tmp_path / "out", config=path), SILENT)
    message = "novate.toml: accounts: expected at least one [[accounts]] to trade, found none"
    assert caught.value.errors == [message]
