"""All sources of one application: made by its settings, started and stopped together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from apivitals.families import Family
from apivitals.settings import Settings
from apivitals.sources.container import Container
from apivitals.sources.event_loop import EventLoop
from apivitals.sources.garbage import GarbageCollector
from apivitals.sources.gpu import Gpu
from apivitals.sources.host import Host
from apivitals.sources.process import Process
from apivitals.sources.sampler import Sampler, Source
from apivitals.sources.utilization import Utilization
from apivitals.sources.watchdog import Watchdog
from apivitals.store import Backend


class Background:
    """What goes on beside the requests. It costs the event loop a timer every 100 ms, and otherwise nothing."""

    def __init__(self, settings: Settings, store: Backend) -> None:
        off = settings.disabled_sources
        self._settings = settings
        self._event_loop = None if "event_loop" in off else EventLoop(store)
        self._gc = None if "gc" in off else GarbageCollector(store)
        self._watchdog: Watchdog | None = None
        if self._event_loop is not None and settings.blocked_loop_seconds is not None:
            self._watchdog = Watchdog(self._event_loop, store, settings.blocked_loop_seconds)
        self._gpu: Gpu | None = None
        self._process: Sampler | None = None
        self._machine: Sampler | None = None

    def start(self) -> None:
        """Begin with the process; called in a task of the event loop that serves the requests, in its process."""
        self.stop()
        for runtime in (self._gc, self._event_loop, self._watchdog):
            if runtime is not None:
                runtime.start()
        self._process = self._sampler(self._process_sources(), "apivitals-process")
        self._process.start()

    def start_machine(self) -> None:
        """Begin with the machine too, unless that has been done: of several workers, one does."""
        if self._machine is None:
            self._machine = self._sampler(self._machine_sources(), "apivitals-machine")
            self._machine.start()

    def _sampler(self, sources: Iterable[Source], thread_name: str) -> Sampler:
        return Sampler(list(sources), self._settings.sample_interval_seconds, thread_name=thread_name)

    def sources(self) -> Iterator[Source]:
        """Make all sources, when they are to begin: their first readings are the service's, after any fork."""
        yield from self._machine_sources()
        yield from self._process_sources()

    def _process_sources(self) -> Iterator[Source]:
        if "process" not in self._settings.disabled_sources:
            yield Process()
        if self._event_loop is not None:
            yield self._event_loop
        if self._gc is not None:
            yield self._gc

    def _machine_sources(self) -> Iterator[Source]:
        off = self._settings.disabled_sources
        if "host" not in off:
            yield Host()
        if "container" not in off:
            yield Container()
            yield Utilization()
        if "gpu" not in off:
            self._gpu = Gpu(processes=self._settings.gpu_processes, pcie=self._settings.gpu_pcie)
            yield self._gpu

    def stop(self) -> None:
        """End; `start` begins again."""
        for running in (self._process, self._machine, self._watchdog, self._event_loop, self._gc):
            if running is not None:
                running.stop()
        if self._gpu is not None:
            self._gpu.close()
        self._process = self._machine = self._gpu = None

    def of_process(self) -> Iterator[Family]:
        """Yield the last samples of the process and its runtime."""
        return iter(()) if self._process is None else self._process.collect()

    def of_machine(self) -> Iterator[Family]:
        """Yield the last samples of the host, the container and the GPUs."""
        return iter(()) if self._machine is None else self._machine.collect()
