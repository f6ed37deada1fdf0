"""What docs/docker.md and docs/scaling.md say of docker-compose.yml is so, and their sums are right."""

import re

import pytest

from tests.support.compose import FILE, PROFILES, resolved
from tests.support.servers import ROOT

DOCKER = (ROOT / "docs/docker.md").read_text()
SCALING = (ROOT / "docs/scaling.md").read_text()
SERIES, SCRAPE_SECONDS, DAY_SECONDS, DAYS = 1_000_000, 15, 86_400, 45


def test_profiles_and_volumes_are_those_of_the_file():
    assert set(re.findall(r"--profile (\w+)", DOCKER + SCALING)) == set(PROFILES)
    volumes = resolved()["volumes"]
    assert all(f"`{name}`" in DOCKER for name in volumes if not name.endswith("-password"))


def test_variables_have_the_defaults_that_are_told():
    defaults = dict(re.findall(r"\$\{(\w+):-(\d+)\}", FILE.read_text()))
    told: dict[str, str] = {}
    for names, values in re.findall(r"^\| (`[A-Z_`, ]+`) \| ([\d, ]+) \|", DOCKER, re.MULTILINE):
        told |= dict(zip(re.findall(r"\w+", names), re.findall(r"\d+", values), strict=True))
    assert told == defaults


@pytest.mark.parametrize(
    ("said", "value", "unit"),
    [
        (r"= +([\d,]+)\nsamples kept", SERIES / SCRAPE_SECONDS, 1),
        (r"= +([\d.]+) . 10⁹\n", SERIES / SCRAPE_SECONDS * DAYS * DAY_SECONDS, 1e9),
        (r"1 … 2 B \| 259 to (\d+) GB", SERIES / SCRAPE_SECONDS * DAYS * DAY_SECONDS * 2, 1e9),
        (r"13 B / 2 \| ([\d.]+) GB", SERIES / SCRAPE_SECONDS * 10_800 * 13 / 2, 1e9),
        (r"0\.8 \| \*\*(\d+) GB", (518.4 + 4.7) / 0.8, 1),
        (r"1 B . 1\.25 \| (\d+) GB", SERIES / SCRAPE_SECONDS * (DAYS + 30) * DAY_SECONDS * 1.25, 1e9),
        (r"540 GB . 1\.2 \| \*\*(\d+) GB", 540 * 1.2, 1),
        (r"300,000 . 2 \| ([\d.]+) cores", SERIES / SCRAPE_SECONDS / 300_000 * 2, 1),
        (r"as above \| ([\d.]+) GB of disk", SERIES / SCRAPE_SECONDS * DAY_SECONDS * 2, 1e9),
        (r"25,000 = ([\d.]+) ", SERIES / SCRAPE_SECONDS / 25_000, 1),
        (r"10 cores, ([\d.]+) GB", 3 * SERIES / 300_000 * 2.5 * 1.5, 1),
        (r"10⁹ . 2 B \| (\d+) GB", SERIES / SCRAPE_SECONDS * DAYS * DAY_SECONDS * 2, 1e9),
        (r"(\d+) instances are a million", SERIES / 3_540, 1),
    ],
)
def test_sums_are_right(said: str, value: float, unit: float):
    text = re.sub(r"^    ", "", SCALING, flags=re.MULTILINE)
    (found,) = re.findall(said, text)
    assert float(found.replace(",", "")) == pytest.approx(value / unit, rel=0.03)
