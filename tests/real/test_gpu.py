"""A real NVIDIA GPU under a known load: we say what nvidia-smi says."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from apivitals.families import Number
from apivitals.sources.gpu import Gpu
from tests.sources.nvml import load as load_script
from tests.support.servers import eventually

LOAD_BYTES = 2**30
LOAD_SECONDS = 90
MIB = 2**20

# nvidia-smi's field, our metric with its labels after the GPU's, what of ours makes its unit, and how much may differ
# although both are right, in its unit: it rounds, and asks a moment earlier or later.
FIELDS = [
    ("memory.total", ("hw_gpu_memory_limit_bytes",), 1 / MIB, 1),
    ("memory.used", ("hw_gpu_memory_usage_bytes",), 1 / MIB, 2),
    ("utilization.gpu", ("hw_gpu_utilization", "general"), 100, 5),
    ("utilization.memory", ("hw_gpu_utilization", "memory_controller"), 100, 5),
    ("enforced.power.limit", ("apivitals_gpu_power_limit_watts",), 1, 0.01),
    ("power.draw", ("hw_power_watts", "gpu"), 1, 5),
    ("temperature.gpu", ("hw_temperature_celsius",), 1, 1),
    ("clocks.gr", ("apivitals_gpu_clock_frequency_hertz", "graphics"), 1e-6, 15),
    ("clocks.sm", ("apivitals_gpu_clock_frequency_hertz", "sm"), 1e-6, 15),
    ("clocks.mem", ("apivitals_gpu_clock_frequency_hertz", "memory"), 1e-6, 1),
    ("clocks.video", ("apivitals_gpu_clock_frequency_hertz", "video"), 1e-6, 15),
    ("ecc.errors.corrected.volatile.total", ("hw_errors_total", "gpu", "corrected"), 1, 0),
    ("ecc.errors.uncorrected.volatile.total", ("hw_errors_total", "gpu", "uncorrected"), 1, 0),
]
ALLOWED = 0.05


def nvidia_smi(*fields):
    """Return a row of texts for each GPU."""
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [[text.strip() for text in line.split(",")] for line in done.stdout.splitlines() if line.strip()]


def read(gpu):
    """Return the values by name and labels."""
    return {
        (family.metric.exposed, *point.labels): point.value
        for family in gpu.collect()
        for point in family.points
        if isinstance(point, Number) and point.labels is not None
    }


@pytest.fixture(scope="module")
def uuid():
    """The UUID of the first GPU."""
    if shutil.which("nvidia-smi") is None:
        pytest.skip("no NVIDIA GPU here: nvidia-smi is not installed")
    try:
        rows = nvidia_smi("uuid")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no NVIDIA GPU here: nvidia-smi says {(error.stdout + error.stderr).strip()}")
    if not rows:
        pytest.skip("no NVIDIA GPU here: nvidia-smi shows none")
    return rows[0][0]


@pytest.fixture
def gpu(uuid):
    source = Gpu()
    assert source.available()
    yield source
    source.close()


@pytest.fixture
def load(uuid):
    """Start a process that fills the first GPU's memory with numbers over and over."""
    with subprocess.Popen(
        [sys.executable, load_script.__file__, str(LOAD_BYTES), str(LOAD_SECONDS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": uuid},
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "filling\n"
            yield
        finally:
            process.terminate()


def test_every_gpu_is_up_and_named(gpu):
    found = read(gpu)
    rows = nvidia_smi("uuid", "index", "name", "driver_version")
    assert {key[1:4] for key in found if key[0] == "apivitals_gpu_up"} == {
        (uuid, index, "") for uuid, index, *_ in rows
    }
    for uuid, index, name, version in rows:
        assert ("apivitals_gpu_info", uuid, index, f"GPU {index}", name, "NVIDIA", version, "") in found


def test_we_say_what_nvidia_smi_says_under_load(gpu, uuid, load):
    eventually(lambda: read(gpu).get(("hw_gpu_utilization", uuid, "0", "general"), 0) > 0.5, "a busy GPU", 30)
    differing: dict[str, tuple[str, list[float]]] = {}

    def agree():
        before = read(gpu)
        texts = next(row[1:] for row in nvidia_smi("uuid", *(field for field, *_ in FIELDS)) if row[0] == uuid)
        after = read(gpu)
        differing.clear()
        for (field, (name, *labels), factor, rounding), text in zip(FIELDS, texts, strict=True):
            key = (name, uuid, "0", *labels)
            if not text[:1].isdigit():  # [N/A], [Not Supported]
                assert key not in after, field
                continue
            ours = [before[key] * factor, after[key] * factor]
            room = max(rounding, ALLOWED * float(text) if rounding else 0)
            if not min(ours) - room <= float(text) <= max(ours) + room:
                differing[field] = (text, ours)
        return not differing

    try:
        eventually(agree, "the same numbers", 30)
    except AssertionError:
        raise AssertionError(f"nvidia-smi's value and ours before and after: {differing}") from None
    assert gpu.failures == {}


def test_memory_that_is_taken_is_seen(gpu, uuid, request):
    key = ("hw_gpu_memory_usage_bytes", uuid, "0")
    before = read(gpu)[key]
    request.getfixturevalue("load")
    taken = read(gpu)[key] - before
    assert LOAD_BYTES <= taken <= LOAD_BYTES + 1024 * MIB, "and what the process' context takes"


def test_energy_is_what_the_power_adds_up_to(gpu, uuid, load):
    energy, power = ("hw_energy_joules_total", uuid, "0", "gpu"), ("hw_power_watts", uuid, "0", "gpu")
    eventually(lambda: read(gpu).get(("hw_gpu_utilization", uuid, "0", "general"), 0) > 0.5, "a busy GPU", 30)
    first = read(gpu)
    if energy not in first or power not in first:
        pytest.skip("this GPU does not tell its energy")
    watts, begin = [first[power]], time.monotonic()
    while time.monotonic() < begin + 3:
        last = read(gpu)
        watts.append(last[power])
        time.sleep(0.02)
    mean = (last[energy] - first[energy]) / (time.monotonic() - begin)
    assert min(watts) * 0.9 <= mean <= max(watts) * 1.1
