"""The report as a reader has it: one file, no network, links that lead somewhere, a script that runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from novate.reports.figures import MINUS
from tests.end_to_end.test_run import obligations_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@pytest.fixture(scope="module")
def page(small_day: Path) -> str:
    return (small_day / "report.html").read_text(encoding="utf-8")


def test_it_needs_nothing_from_outside(page: str) -> None:
    assert not re.search(r"""(?:src|href)=["'](?!#)|url\(|@import|https?://""", page)


def test_every_link_leads_to_a_row(page: str) -> None:
    targets = set(re.findall(r'id="([^"]+)"', page))
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert len(links) > 50
    assert links <= targets


def test_every_obligation_of_the_file_is_a_row(page: str, small_day: Path) -> None:
    for row in obligations_of(small_day):
        assert f'id="o-{row["obligation_id"]}"' in page


def test_it_says_what_it_was_made_from(page: str, small_day: Path) -> None:
    summary = json.loads((small_day / "summary.json").read_text())
    assert summary["state_root"] in page
    for name in ("trades.csv", "events.parquet", "obligations.csv", "rejects.csv"):
        assert summary["outputs"][name]["sha256"] in page


def test_its_data_can_be_copied_out(page: str, small_day: Path) -> None:
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])
    cash = sum(cell["amount_minor"] for cell in data["cash"] if cell["currency"] == "USD")
    assert cash == 0
    assert data["obligation_count"] == len(obligations_of(small_day))


def test_direction_is_never_colour_alone(page: str) -> None:
    cells = re.findall(r'<td class="num (buy|sell)">([^<]*)</td>', page)
    assert cells
    for direction, text in cells:
        assert text.startswith("▲ +" if direction == "buy" else f"▼ {MINUS}")


def browse(page: Path, place: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Open a page in a browser that can reach nothing else."""
    return subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
            "--enable-logging=stderr", f"--user-data-dir={place / 'profile'}", "--window-size=1280,1600",
            *options, page.as_uri(),
        ],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip


@BROWSER
def test_its_script_runs(small_day: Path, tmp_path: Path) -> None:
    seen = browse(small_day / "report.html", tmp_path, "--dump-dom")
    dom = seen.stdout.decode()
    assert "Uncaught" not in seen.stderr.decode(errors="replace")
    assert re.search(r'id="tab-0"[^>]*aria-selected="true"', dom)
    assert re.search(r'id="panel-1"[^>]*hidden', dom)
    assert re.search(r'data-switch="density"[^>]*aria-pressed="false"', dom)


@BROWSER
def test_dark_and_light_follow_the_system(small_day: Path, tmp_path: Path) -> None:
    report = small_day / "report.html"
    corners = {}
    for scheme, options in {"light": (), "dark": ("--blink-settings=preferredColorScheme=0",)}.items():
        picture = tmp_path / f"{scheme}.png"
        browse(report, tmp_path, f"--screenshot={picture}", *options)
        corners[scheme] = first_pixel(picture.read_bytes())
    assert corners == {"light": (0xFF, 0xFF, 0xFF), "dark": (0x0F, 0x12, 0x15)}


def first_pixel(png: bytes) -> tuple[int, ...]:
    """Red, green and blue of the upper left corner."""
    import zlib

    data = b"".join(png[at + 8 : at + 8 + length] for at, length in chunks_of(png, b"IDAT"))
    return tuple(zlib.decompress(data)[1:4])


def chunks_of(png: bytes, kind: bytes) -> list[tuple[int, int]]:
    """Offsets and lengths of the chunks of one kind."""
    found, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == kind:
            found.append((at, length))
        at += length + 12
    return found
