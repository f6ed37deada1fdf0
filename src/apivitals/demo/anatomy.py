"""The view's part on where the time went: a line with a bar for each route."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rich.text import Text

from apivitals.demo import bars, formatting
from apivitals.demo.breakdown import Breakdown

HEADING = "where the time went"
_MEAN_WIDTH = 7
_NARROWEST_BAR, _WIDEST_BAR = 24, 48
_CALLS_SHOWN_FROM = 1.5


class _Words(NamedTuple):
    """A column beside the bars."""

    heading: str
    width: int
    cell: Callable[[Breakdown], str]


def _share(rank: int) -> Callable[[Breakdown], str]:
    """Write the component that had so many others before it, and its share."""

    def write(breakdown: Breakdown) -> str:
        found = breakdown.largest()[rank : rank + 1]
        return "".join(f"{component} {100 * breakdown.share(component):.0f} %" for component in found)

    return write


def _most_calls(breakdown: Breakdown) -> str:
    """Write the component that is called most, if a request calls it more than once."""
    component = max(breakdown.calls, key=breakdown.calls_per_request, default="")
    calls = breakdown.calls_per_request(component)
    return f"{component} {calls:.1f}" if calls >= _CALLS_SHOWN_FROM else ""


_CALLS = _Words("calls/request", 13, _most_calls)
_LARGEST = _Words("most of it", len("threadpool_wait 100 %"), _share(0))
_SECOND = _Words("", _LARGEST.width, _share(1))
_CHOICES: tuple[tuple[_Words, ...], ...] = ((_LARGEST, _SECOND, _CALLS), (_LARGEST, _CALLS), (_CALLS,))
"""What stands beside the bars, from the widest terminal to the narrowest."""


class Anatomy:
    """The breakdowns of some routes, laid out for a width in characters."""

    def __init__(self, routes: Sequence[tuple[str, Breakdown]], label_width: int, width: int) -> None:
        """Take the routes' labels and breakdowns."""
        self._routes = routes
        self._label_width = label_width
        self._width = width
        self._bar_width, self._words = _fit(width - label_width - 1 - _MEAN_WIDTH - 1)
        self._looks = bars.fills(component for _, breakdown in routes for component in breakdown.seconds)
        self._cells = [bars.divide_among(self._looks, breakdown.seconds, self._bar_width) for _, breakdown in routes]

    def heading(self) -> Text:
        """Name the columns."""
        names = [f"{HEADING:{self._label_width}}", f"{'mean':>{_MEAN_WIDTH}}", f"{'shares of it':{self._bar_width}}"]
        line = Text(" ".join([*names, *(f"{words.heading:{words.width}}" for words in self._words)]), style="bold")
        line.truncate(self._width)
        line.rstrip()
        return line

    def lines(self) -> Iterator[Text]:
        """Yield each route's line."""
        for (label, breakdown), cells in zip(self._routes, self._cells, strict=True):
            mean = formatting.seconds(breakdown.mean_seconds)
            line = Text(f"{label:{self._label_width}} {mean:>{_MEAN_WIDTH}} ")
            line.append_text(bars.bar(self._looks, cells))
            for words in self._words:
                text = words.cell(breakdown)
                line.append(f" {text if len(text) <= words.width else '':{words.width}}")
            line.rstrip()
            yield line

    def legend(self) -> list[Text]:
        """Name the components that can be seen in the bars."""
        seen = {name: fill for name, fill in self._looks.items() if any(cells[name] for cells in self._cells)}
        return bars.legend(seen, self._width)


def _fit(width: int) -> tuple[int, tuple[_Words, ...]]:
    """Divide a width between the bar and the words beside it, as many as leave it long enough."""
    for words in _CHOICES:
        left = width - sum(1 + one.width for one in words)
        if left >= _NARROWEST_BAR:
            return min(left, _WIDEST_BAR), words
    return max(1, min(width, _WIDEST_BAR)), ()
