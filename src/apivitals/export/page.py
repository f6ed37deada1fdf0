"""The metrics page: every family there is, as bytes, in slices short enough to share a thread with requests."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from apivitals import catalog
from apivitals.errors import ErrorLog
from apivitals.export.contents import PROCESS_WIDE, Contents
from apivitals.export.foreign import Foreign
from apivitals.export.joint import Joint, Left
from apivitals.export.prometheus import Format, render
from apivitals.families import Family
from apivitals.store import Backend
from apivitals.workers.directory import NotNowError
from apivitals.workers.membership import Worker

_SLICE_CHARACTERS = 32 * 1024
_UNENCODABLE = "replace"  # a lone surrogate in somebody's label costs itself, not the page
_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to ask for a gzip header
_GZIP_LEVEL = 1  # a page is a tenth of its size at level 1, in a third of level 6's time; the event loop is waiting


@dataclass(frozen=True)
class Gathered:
    """What a page is written from: our families, which are read as they are iterated, and everybody else's text."""

    families: Callable[[], Iterable[Family]]
    foreign: Sequence[str]


class MetricsPage:
    """Gathers our families from where they are, and everybody else's from their registries."""

    def __init__(
        self,
        backend: Backend,
        contents: Contents,
        foreign: Foreign,
        errors: ErrorLog,
        application: int = 0,
    ) -> None:
        """`application` is which of the process' applications this is: a number that is the same in every worker."""
        self.contents = contents
        self.foreign = foreign
        self._worker: Worker | None = None
        self.application = application
        self._errors = errors
        self._left = Left(errors)
        self._duration = backend.histogram(catalog.internal.RENDER_DURATION).bind(())

    @property
    def worker(self) -> Worker | None:
        """This process among several; None if it is alone, or a child of the one that was not."""
        return self._worker if self._worker is not None and self._worker.is_this_process else None

    def join(self, worker: Worker) -> None:
        """Show what the other workers counted too, and let them show what this one does."""
        if self._worker is worker:
            return
        self._worker = worker
        names = {name: f"{name}#{self.application}" for name in self.contents.stores if name != PROCESS_WIDE}
        self.contents = self.contents.with_names(names)
        for name, store in self.contents.stores.items():
            worker.share(store, name)

    def families(self) -> Iterator[Family]:
        """Yield our own families as this process alone has them; the machine's if it is the one that reads it."""
        return self.contents.of_this_process(machine=self.worker is None or self.worker.machine.is_mine)

    @property
    def may_block(self) -> bool:
        """Whether `gather` reads collectors of others, or files."""
        return bool(self.foreign.sources) or self.worker is not None

    def gather(self, form: Format) -> Gathered:
        """Take what has to be read at one moment: in a thread if it may block.

        Raises:
            NotNowError: another worker's file can be read later; without it every sum would fall.
        """
        worker = self.worker
        foreign = self.foreign.families()
        if worker is None:
            return Gathered(self.families, self.foreign.render(foreign, form))
        try:
            census = worker.census()
            others = self._left.by(census.living(), self.application)
            machine = self._left.about_the_machine(worker, self.application)
            joint = Joint(self.contents, worker, census, others, machine)
        except NotNowError as error:
            self._errors.caught("workers", error)
            raise
        except OSError as error:
            self._errors.caught("workers", error)
            return Gathered(self.families, self.foreign.render(foreign, form))
        return Gathered(joint.families, self.foreign.render(joint.foreign(foreign), form))

    def slices(self, gathered: Gathered, form: Format, *, gzip: bool) -> Iterator[bytes]:
        """Yield the page, compressed if so wanted, in pieces that take about a millisecond each."""
        started = perf_counter()
        texts = in_pieces(self._texts(gathered, form))
        if gzip:
            yield from compressed(texts)
        else:
            yield from (text.encode(errors=_UNENCODABLE) for text in texts)
        self._duration.observe(perf_counter() - started)

    def _texts(self, gathered: Gathered, form: Format) -> Iterator[str]:
        for family in gathered.families():
            try:
                yield from render(family, form)
            except Exception as error:  # noqa: BLE001  # what is written of the family so far is whole lines
                self._errors.caught("render", error)
        yield from gathered.foreign
        if form is Format.OPENMETRICS:
            yield "# EOF\n"


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
