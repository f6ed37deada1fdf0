"""The metrics page: every family there is, as bytes, in slices short enough to share a thread with requests."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter
from typing import Protocol

from apivitals import catalog
from apivitals.errors import ErrorLog
from apivitals.export.foreign import Foreign
from apivitals.export.prometheus import Format, render
from apivitals.families import Family, Number
from apivitals.store import Adding, Backend, Instrument, Observing

_SLICE_CHARACTERS = 32 * 1024
_UNENCODABLE = "replace"  # a lone surrogate in somebody's label costs itself, not the page
_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to ask for a gzip header
_GZIP_LEVEL = 1  # a page is a tenth of its size at level 1, in a third of level 6's time; the event loop is waiting


class HasInstruments(Protocol):
    """A backend, or something that has one to itself."""

    def instruments(self) -> Sequence[Instrument[Adding] | Instrument[Observing]]:
        """All instruments, in the order they were made."""


class MetricsPage:
    """Gathers our families from their sources, and everybody else's from their registries."""

    def __init__(
        self,
        backend: Backend,
        sources: Iterable[Callable[[], Iterable[Family]]],
        foreign: Foreign,
        errors: ErrorLog,
    ) -> None:
        self.foreign = foreign
        self._sources = tuple(sources)
        self._errors = errors
        self._duration = backend.histogram(catalog.internal.RENDER_DURATION).bind(())

    def families(self) -> Iterator[Family]:
        """Yield our own families; a source that raises costs its own."""
        for source in self._sources:
            try:
                yield from source()
            except Exception as error:  # noqa: BLE001  # the page goes on without that source
                self._errors.caught("collect", error)

    def slices(self, form: Format, *, gzip: bool, foreign: Iterable[str]) -> Iterator[bytes]:
        """Yield the page, compressed if so wanted, in pieces that take about a millisecond each.

        `foreign` is what `Foreign.render` returned: it can block, so the caller decides where that happens.
        """
        started = perf_counter()
        texts = in_pieces(self._texts(form, foreign))
        if gzip:
            yield from compressed(texts)
        else:
            yield from (text.encode(errors=_UNENCODABLE) for text in texts)
        self._duration.observe(perf_counter() - started)

    def _texts(self, form: Format, foreign: Iterable[str]) -> Iterator[str]:
        for family in self.families():
            try:
                yield from render(family, form)
            except Exception as error:  # noqa: BLE001  # what is written of the family so far is whole lines
                self._errors.caught("render", error)
        yield from foreign
        if form is Format.OPENMETRICS:
            yield "# EOF\n"


def health(backends: Iterable[HasInstruments], errors: ErrorLog) -> Iterator[Family]:
    """Yield how many series there are and were refused, and our own errors."""
    instruments = [instrument for backend in backends for instrument in backend.instruments()]
    for metric, values in (
        (catalog.internal.SERIES, [(i.metric.exposed, float(len(i))) for i in instruments]),
        (catalog.internal.DROPPED, [(i.metric.exposed, float(i.dropped)) for i in instruments]),
        (catalog.internal.ERRORS, [(name, float(count)) for name, count in errors.counts().items()]),
    ):
        yield Family(metric, metric.label_names, [Number((label,), value) for label, value in values])


def in_pieces(texts: Iterable[str]) -> Iterator[str]:
    """Join short texts and cut long ones, to about 32 KiB each."""
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size < _SLICE_CHARACTERS:
            continue
        joined = "".join(waiting)
        for start in range(0, len(joined), _SLICE_CHARACTERS):
            yield joined[start : start + _SLICE_CHARACTERS]
        waiting.clear()
        size = 0
    if waiting:
        yield "".join(waiting)


def compressed(texts: Iterable[str]) -> Iterator[bytes]:
    """Gzip piece by piece."""
    compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP)
    for text in texts:
        yield compressor.compress(
            text.encode(errors=_UNENCODABLE)
        )  # mostly nothing yet, and the time to let others run all the same
    yield compressor.flush()
