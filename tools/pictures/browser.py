"""Pages to pictures, by a headless Chromium with a profile of its own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_TIMEOUT_SECONDS = 90
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--hide-scrollbars=false",
    "--force-device-scale-factor=1",
)


class NoBrowserError(Exception):
    """There is no Chromium, or it made no picture."""


def browser() -> str:
    """Return the program.

    Raises:
        NoBrowserError: it is not on the PATH.
    """
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise NoBrowserError(f"no {PROGRAMS[0]} on the PATH: apt-get install {PROGRAMS[0]}")
    return found


def screenshot(markup: str, file: Path, width: int, height: int) -> None:
    """Write a PNG of a page.

    Raises:
        NoBrowserError: there is no Chromium, or it made no picture; with what it said.
    """
    with tempfile.TemporaryDirectory(prefix="picture-") as directory:
        page = Path(directory, "page.html")
        page.write_text(markup, encoding="utf-8")
        picture = Path(directory, "picture.png")
        command = [
            browser(),
            *_OPTIONS,
            f"--user-data-dir={directory}/profile",
            f"--window-size={width},{height}",
            f"--screenshot={picture}",
            page.as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)
        if not picture.exists():
            raise NoBrowserError(f"{command[0]} made no picture (status {done.returncode}): {done.stderr[-2000:]}")
        shutil.copyfile(picture, file)
