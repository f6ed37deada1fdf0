"""One GPU: what can be read from it, and why if nothing can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from apivitals.catalog import Metric
from apivitals.catalog import gpu as catalog
from apivitals.families import Number
from apivitals.sources.gpu_fields import Read, memory_info, memory_readings, mig_handles, texts
from apivitals.sources.nvml import GPU_LOST, NO_PERMISSION, NOT_SUPPORTED, UNKNOWN, Nvml, NvmlError, NvmlGoneError

_Answer = TypeVar("_Answer")

# What refused is asked again when this is over: a GPU may have been reset, or MIG switched off.
_REFUSAL_SECONDS = 300.0
_REFUSALS = {NOT_SUPPORTED, NO_PERMISSION}
# Of several reasons why nothing could be read, the first of these is told.
_WORST_FIRST = (UNKNOWN, NO_PERMISSION, NOT_SUPPORTED)


class Points(dict[Metric, list[Number]]):
    """The values of a reading, by metric."""

    def add(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Add one."""
        self.setdefault(metric, []).append(Number(labels, float(value)))


@dataclass(frozen=True)
class Identity:
    """Which GPU or MIG instance it is. `model` is the driver's name for it, `parent` the UUID of an instance's GPU."""

    uuid: str
    index: str
    model: str = ""
    parent: str = ""

    @property
    def labels(self) -> tuple[str, str]:
        """Those of its values."""
        return self.uuid, self.index

    def __str__(self) -> str:
        return f"GPU {self.index} ({self.uuid})" if self.uuid else f"GPU {self.index}"


class _Refusal(NamedTuple):
    error: NvmlError
    until: float


class Device:
    """A GPU, known by its place in the driver's list until it has told its UUID.

    Attributes:
        identity: what it last told.
        instances: its MIG instances. They come and go, so they are looked up at each reading.
        trouble: why nothing could be read; None if something could.
        failures: what failed in the last reading and will be asked for again in the next.
    """

    def __init__(self, index: int, fields: Mapping[str, Read], clock: Callable[[], float]) -> None:
        self.identity = Identity("", str(index))
        self.instances: list[Identity] = []
        self.trouble: NvmlError | None = None
        self.failures: dict[str, Exception] = {}
        self._index = index
        self._fields = fields
        self._clock = clock
        self._handle: Any = None
        self._identified = False
        self._open_at = 0.0
        self._refusals: dict[str, _Refusal] = {}

    def open(self, nvml: Nvml) -> None:
        """Get its handle; `trouble` says if that is not to be had. Raises NvmlGoneError."""
        self._refusals.clear()
        self._identified = False
        try:
            self._handle = nvml.call("nvmlDeviceGetHandleByIndex", self._index)
        except NvmlGoneError:
            raise
        except NvmlError as error:
            nvml.count(error.reason)
            self._lost(error)

    def read(self, nvml: Nvml, points: Points) -> None:
        """Add the values of all fields that it has. Raises NvmlGoneError."""
        self.failures, self.instances = {}, []
        if self._handle is None and self._clock() >= self._open_at:
            self.open(nvml)
        if not self._identified:
            self._identify(nvml)
        answered = False
        for name, read in self._fields.items():
            readings = self._ask(nvml, name, read, self._handle)
            if readings is not None:
                answered = True
                for reading in readings:
                    points.add(reading.metric, self.identity.labels + reading.labels, reading.value)
        answered |= self._read_instances(nvml, points)
        if self._handle is not None:
            self.trouble = None if answered else self._worst()

    def _identify(self, nvml: Nvml) -> None:
        told = self._ask(nvml, "identity", texts, self._handle)
        if told is not None:
            self.identity = Identity(told.uuid, str(self._index), told.model)
            self._identified = True

    def _read_instances(self, nvml: Nvml, points: Points) -> bool:
        answered = False
        for place, handle in self._ask(nvml, "mig", mig_handles, self._handle) or ():
            told = self._ask(nvml, f"mig {place} identity", texts, handle)
            info = self._ask(nvml, f"mig {place} memory", memory_info, handle)
            if told is not None:
                instance = Identity(told.uuid, f"{self._index}:{place}", told.model, self.identity.uuid)
                self.instances.append(instance)
                if info is not None:
                    answered = True
                    for reading in memory_readings(info, *_MIG_MEMORY):
                        points.add(reading.metric, instance.labels, reading.value)
        return answered

    def _ask(self, nvml: Nvml, name: str, ask: Callable[[Nvml, Any], _Answer], handle: Any) -> _Answer | None:
        """Return the answer, or None if there is none or it is not yet time to ask again."""
        refusal = self._refusals.get(name)
        if self._handle is None or (refusal is not None and self._clock() < refusal.until):
            return None
        try:
            return ask(nvml, handle)
        except NvmlGoneError:
            raise
        except NvmlError as error:
            nvml.count(error.reason)
            if error.reason == GPU_LOST:
                self._lost(error)
            elif error.reason in _REFUSALS:
                self._refusals[name] = _Refusal(error, self._clock() + _REFUSAL_SECONDS)
            else:
                self.failures[f"GPU {self._index} {name}"] = error
            return None

    def _lost(self, error: NvmlError) -> None:
        """Ask it nothing more until it is time to look for it again."""
        self._handle, self.trouble = None, error
        self._open_at = self._clock() + _REFUSAL_SECONDS

    def _worst(self) -> NvmlError:
        refused = [refusal.error for refusal in self._refusals.values()]
        failed = [error for error in self.failures.values() if isinstance(error, NvmlError)]
        return min([*failed, *refused], key=lambda error: _WORST_FIRST.index(error.reason))


_MIG_MEMORY = (catalog.MIG_MEMORY_USAGE, catalog.MIG_MEMORY_LIMIT, catalog.MIG_MEMORY_UTILIZATION)
