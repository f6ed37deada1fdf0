"""All sources of one application: made by its settings, started and stopped together."""

from __future__ import annotations

from collections.abc import Iterator

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
        self._sampler: Sampler | None = None

    def start(self) -> None:
        """Begin; called in a task of the event loop that serves the requests, in the process that serves them."""
        self.stop()
        for runtime in (self._gc, self._event_loop, self._watchdog):
            if runtime is not None:
                runtime.start()
        self._sampler = Sampler(list(self.sources()), self._settings.sample_interval_seconds)
        self._sampler.start()

    def sources(self) -> Iterator[Source]:
        """Make the sources here, not at import: their first readings begin with the service, after any fork."""
        off = self._settings.disabled_sources
        if "host" not in off:
            yield Host()
        if "process" not in off:
            yield Process()
        if "container" not in off:
            yield Container()
            yield Utilization()
        if "gpu" not in off:
            self._gpu = Gpu(processes=self._settings.gpu_processes, pcie=self._settings.gpu_pcie)
            yield self._gpu
        if self._event_loop is not None:
            yield self._event_loop
        if self._gc is not None:
            yield self._gc

    def stop(self) -> None:
        """End; `start` begins again."""
        for running in (self._sampler, self._watchdog, self._event_loop, self._gc):
            if running is not None:
                running.stop()
        if self._gpu is not None:
            self._gpu.close()
        self._sampler = self._gpu = None

    def collect(self) -> Iterator[Family]:
        """Yield the last samples."""
        return iter(()) if self._sampler is None else self._sampler.collect()
