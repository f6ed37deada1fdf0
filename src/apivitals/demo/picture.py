"""The view as a picture, for a README."""

import io
import re
from pathlib import Path

from rich.console import Console

from apivitals.demo.errors import DemoError
from apivitals.demo.view import View

_WIDTH = 110


def save_picture(view: View, path: Path) -> None:
    """Draw the view into an SVG file.

    Raises:
        DemoError: the file cannot be written.

    """
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(view)
    text = console.export_svg(title="apivitals demo")
    # rich's pictures fetch a font from elsewhere; a picture in a README asks nobody.
    text = re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.DOTALL)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DemoError(f"--svg {path} cannot be written: {error.strerror}") from error
