"""NVIDIA GPUs: what each says of itself, and why nothing is heard of one."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator

from apivitals.catalog import gpu as catalog
from apivitals.families import Family
from apivitals.sources import nvml
from apivitals.sources.gpu_device import Device, Points
from apivitals.sources.gpu_fields import FIELDS, PCIE, PROCESSES, Read
from apivitals.sources.nvml import Nvml, NvmlError, NvmlGoneError

logger = logging.getLogger("apivitals")

_VENDOR = "NVIDIA"

_SAYINGS = {
    nvml.LIBRARY_NOT_FOUND: "no NVIDIA driver is installed",
    nvml.DRIVER_NOT_LOADED: "the NVIDIA driver is installed, but not loaded",
    nvml.VERSION_MISMATCH: "the NVIDIA driver's library and kernel module have different versions, as after an update "
    "without a restart",
    nvml.NOT_SUPPORTED: "the NVIDIA driver does not support it",
    nvml.NO_PERMISSION: "this process may not ask; see the device files' permissions and what the container is given",
    nvml.UNINITIALIZED: "something else in this process has shut the NVIDIA driver's library down",
    nvml.GPU_LOST: "it fell off the bus or needs a reset",
    nvml.NO_GPU: "the NVIDIA driver shows none",
    nvml.UNKNOWN: "the NVIDIA driver fails",
}
# So are machines without a GPU, which nobody needs to look after.
_ORDINARY = {nvml.LIBRARY_NOT_FOUND, nvml.DRIVER_NOT_LOADED, nvml.NO_GPU}
_CURED_BY_START = {nvml.GPU_LOST, nvml.UNKNOWN}


class Gpu:
    """Every GPU that the driver shows. Its calls may take long: read it from a thread in the background only.

    `apivitals.gpu.up` and one line of the log, whenever it changes, tell why a GPU is not heard of; `failures` has
    single fields. The driver is started by the first reading, so that a server may fork before it; a child that is
    forked later starts it for itself.
    """

    name = "gpu"

    def __init__(
        self, *, processes: bool = False, pcie: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Choose what to read.

        Args:
            processes: also the memory that each process uses; takes some milliseconds for each GPU and reading.
            pcie: also the PCIe throughput; takes 40 milliseconds for each GPU and reading.
            clock: in seconds.
        """
        self._fields: dict[str, Read] = {**FIELDS, **(PROCESSES if processes else {}), **(PCIE if pcie else {})}
        self._clock = clock
        self._nvml = Nvml(clock)
        self._devices: list[Device] = []
        self._driver_version = ""
        self._trouble: NvmlError | None = None
        self._told: dict[str, str] = {}
        self._closed = False
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self.failures: dict[str, Exception] = {}

    def available(self) -> bool:
        """Say whether there may be GPUs: whether a driver's library is installed. Takes about a millisecond."""
        return nvml.is_installed()

    def collect(self) -> Iterator[Family]:
        """Yield what the GPUs say, and whether they say anything."""
        if self._pid != os.getpid():
            self._forked()
        with self._lock:
            points = Points() if self._closed else self._sample()
        if self._closed:  # perhaps while the lock was held
            self.close()
        for metric, numbers in points.items():
            yield Family(metric, metric.label_names, numbers)

    def close(self) -> None:
        """Let go of the driver, for good: now, or at the end of the reading that is under way."""
        self._closed = True
        if self._pid == os.getpid() and self._lock.acquire(blocking=False):
            try:
                self._nvml.stop()
            finally:
                self._lock.release()

    def _forked(self) -> None:
        """Start anew: in a child the library was never started, so there is nothing to shut down either."""
        self._pid = os.getpid()
        self._lock = threading.Lock()  # the parent's thread may have held it
        self._nvml = Nvml(self._clock)
        self._devices, self._trouble, self._told = [], None, {}

    def _sample(self) -> Points:
        points = Points()
        try:
            self._start_if_due()
            for device in self._devices if self._nvml.running else ():
                device.read(self._nvml, points)
        except NvmlError as error:
            self._nvml.count(error.reason)
            self._nvml.stop()
            self._trouble = error
            points = Points()
        devices = self._devices if self._nvml.running else []
        if any(device.trouble is None for device in devices):
            self._nvml.works()
        self.failures = {part: error for device in devices for part, error in device.failures.items()}
        self._tell(devices)
        self._add_state(devices, points)
        return points

    def _start_if_due(self) -> None:
        """Start the driver, unless it runs; again if nothing is heard of any GPU. Raises NvmlError."""
        if self._nvml.running:
            troubles = [device.trouble for device in self._devices]
            if not all(trouble is not None and trouble.reason in _CURED_BY_START for trouble in troubles):
                return
            if not self._nvml.is_due():
                return
            self._nvml.stop()
        if self._nvml.is_due():
            self._nvml.start()
            self._find_devices()
            self._trouble = None

    def _find_devices(self) -> None:
        count = self._nvml.call("nvmlDeviceGetCount")
        if not count:
            raise NvmlError(nvml.NO_GPU, "nvmlDeviceGetCount: 0")
        self._driver_version = self._ask_driver_version()
        known = self._devices[:count]
        self._devices = [*known, *(Device(n, self._fields, self._clock) for n in range(len(known), count))]
        for device in self._devices:
            device.open(self._nvml)

    def _ask_driver_version(self) -> str:
        try:
            return str(self._nvml.call("nvmlSystemGetDriverVersion"))
        except NvmlGoneError:
            raise
        except NvmlError:  # nothing else depends on it
            return ""

    def _tell(self, devices: list[Device]) -> None:
        """Log each change: of all at once, or of single GPUs."""
        states = [("", "NVIDIA GPUs", self._trouble)]
        states += [(device.identity.index, str(device.identity), device.trouble) for device in devices]
        for key, what, trouble in states:
            reason = trouble.reason if trouble else ""
            if reason == self._told.get(key, ""):
                continue
            self._told[key] = reason
            if trouble is None:
                logger.info("metrics of %s are there again", what)
                continue
            level = logging.INFO if reason in _ORDINARY and not self._devices else logging.WARNING
            logger.log(level, "no metrics of %s: %s (%s)", what, _SAYINGS[reason], trouble)

    def _add_state(self, devices: list[Device], points: Points) -> None:
        if self._trouble is not None:
            points.add(catalog.UP, ("", "", self._trouble.reason), 0)
        for device in devices:
            reason = device.trouble.reason if device.trouble else ""
            points.add(catalog.UP, (*device.identity.labels, reason), not reason)
            for one in (device.identity, *device.instances):
                about = (f"GPU {one.index}", one.model, _VENDOR, self._driver_version, one.parent)
                points.add(catalog.INFO, one.labels + about, 1)
        if self._trouble is None or self._trouble.reason != nvml.LIBRARY_NOT_FOUND:
            for reason, count in self._nvml.errors.items():
                points.add(catalog.ERRORS, (reason,), count)
