"""The demonstration market with dates of today: `novate up --demo`.

demo.toml --@BUSINESS_DATE@, @EXPIRY@, @EXPIRY_MONTH@--> DIR/market.toml, made once, read at every start
"""

from __future__ import annotations

import datetime
from pathlib import Path

from novate.app.node.directory import DataDirectory
from novate.app.whole_files import write_together

TEMPLATE = Path(__file__).with_name("demo.toml")
NEAREST_EXPIRY = datetime.timedelta(days=30)
FRIDAY = 4
HEADING = "# The market of this node, made by `novate up --demo`; docs/configuration.md explains every key.\n"


def demonstration(data: DataDirectory, today: datetime.date) -> Path:
    """The configuration of the demonstration in a data directory; made if there is none."""
    if not data.market.exists():
        data.make()
        write_together(data.path, {data.market.name: [demonstration_text(today).encode()]})
    return data.market


def demonstration_text(today: datetime.date) -> str:
    """The template with a business date that is no weekend day, and a future that has a month to go."""
    day = today
    while day.weekday() > FRIDAY:
        day += datetime.timedelta(days=1)
    expiry = _third_friday(day + NEAREST_EXPIRY)
    text = TEMPLATE.read_text(encoding="utf-8")
    # The heading names the places too; it stays as it is, because it is about the template.
    _, _, body = text.partition("\nname = ")
    for place, value in (
        ("@BUSINESS_DATE@", day.isoformat()),
        ("@EXPIRY@", expiry.isoformat()),
        ("@EXPIRY_MONTH@", expiry.strftime("%b%y").upper()),
    ):
        body = body.replace(place, value)
    return f"{HEADING}\nname = {body}"


def _third_friday(day: datetime.date) -> datetime.date:
    """The third Friday of the first quarter month in which it is not before `day`."""
    year, month = day.year, day.month
    while True:
        first = datetime.date(year, month, 1)
        third = first + datetime.timedelta(days=(FRIDAY - first.weekday()) % 7 + 14)
        if month % 3 == 0 and third >= day:
            return third
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
