"""GPUs, as the real nvidia-ml-py reads them from a library of our making: every field and every GPU fails alone."""

import shutil

import pytest

from tests.sources.nvml.machine import LIBRARY, Machine, compile_library, has_compiler
from tests.support import servers
from tests.support.servers import eventually

A = "GPU-aaaaaaaa-0000-4000-8000-000000000000"
B = "GPU-bbbbbbbb-1111-4111-8111-111111111111"
MIG_0 = "MIG-cccccccc-2222-4222-8222-222222222222"
MIG_2 = "MIG-dddddddd-3333-4333-8333-333333333333"
GIB = 2**30

DRIVER = {"driver_version": "550.54.15", "count": 1}
FIRST = {
    "0.uuid": A,
    "0.name": "NVIDIA A100-SXM4-40GB",
    "0.utilization": "73 41",
    "0.encoder": "5 167000",
    "0.decoder": "7 167000",
    "0.memory": f"{40 * GIB} {GIB} {10 * GIB}",
    "0.power": 251234,
    "0.power_limit": 400000,
    "0.energy": 1234567890123,
    "0.temperature": 61,
    "0.slowdown": 95,
    "0.shutdown": 98,
    "0.clock_graphics": 1410,
    "0.clock_sm": 1395,
    "0.clock_memory": 1215,
    "0.clock_video": 1275,
    "0.reasons": 0x4 | 0x40,
    "0.corrected": 12,
    "0.corrected_ever": 99,
    "0.uncorrected": 3,
    "0.uncorrected_ever": 98,
    "0.pcie_receive": 100,
    "0.pcie_transmit": 200,
    "0.computing": f"4242 {2 * GIB},17 {GIB},4242 {GIB},99 -",
    "0.drawing": f"17 {GIB},18 {GIB}",
}
SECOND = {
    "count": 2,
    "1.uuid": B,
    "1.name": "NVIDIA GeForce RTX 4090",
    "1.utilization": "0 1",
    "1.memory": f"{24 * GIB} 0 {6 * GIB}",
    "1.power": 30000,
    "1.temperature": 35,
    "1.reasons": 1,
}
MIG = {
    "0.mig_mode": "1 1",
    "0.mig_places": 7,
    "0.instance0": "yes",
    "0:0.uuid": MIG_0,
    "0:0.name": "NVIDIA A100-SXM4-40GB MIG 3g.20gb",
    "0:0.memory": f"{20 * GIB} 0 {5 * GIB}",
    "0.instance2": "yes",
    "0:2.uuid": MIG_2,
    "0:2.name": "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
    "0:2.memory": f"{5 * GIB} 0 {GIB}",
    "0.utilization": None,
    "0.encoder": None,
    "0.decoder": None,
}
LOST = {"0.error": "!15"}
NOT_FOR_US = "!4"
OF_A = (A, "0")
OF_B = (B, "1")
UP = "apivitals_gpu_up"
ERRORS = "apivitals_gpu_errors_total"
TOLD = {"driver_not_loaded", "version_mismatch", "no_permission", "uninitialized", "gpu_lost", "unknown"}


def start(tmp_path_factory, *defines):
    """Compile the library and start a process on a machine that has it."""
    if not has_compiler():
        reason = "no C compiler (cc) to make the library with"
        if servers.are_required:
            pytest.fail(f"{reason}, and APIVITALS_REQUIRE_REAL=1")
        pytest.skip(reason)
    library = tmp_path_factory.mktemp("library")
    compile_library(library, *defines)
    return Machine(library, tmp_path_factory.mktemp("machine"))


@pytest.fixture(scope="module")
def newest(tmp_path_factory):
    with start(tmp_path_factory) as machine:
        yield machine


@pytest.fixture
def machine(newest):
    newest.set({})
    newest.ask("make")
    newest.calls()
    yield newest
    newest.open_gate()
    newest.ask("close")


@pytest.fixture
def old_machine(tmp_path_factory):
    with start(tmp_path_factory, "OLD_DRIVER", "WITHOUT_ENERGY") as machine:
        machine.ask("make")
        yield machine


def test_all_that_a_gpu_tells(machine):
    machine.set(DRIVER, FIRST)
    found = machine.collect()
    expected = {
        ("apivitals_gpu_up", *OF_A, ""): 1,
        ("apivitals_gpu_info", *OF_A, "GPU 0", "NVIDIA A100-SXM4-40GB", "NVIDIA", "550.54.15", ""): 1,
        ("hw_gpu_utilization", *OF_A, "general"): 0.73,
        ("hw_gpu_utilization", *OF_A, "memory_controller"): 0.41,
        ("hw_gpu_utilization", *OF_A, "encoder"): 0.05,
        ("hw_gpu_utilization", *OF_A, "decoder"): 0.07,
        ("hw_gpu_memory_usage_bytes", *OF_A): 10 * GIB,
        ("hw_gpu_memory_limit_bytes", *OF_A): 40 * GIB,
        ("hw_gpu_memory_utilization", *OF_A): 0.25,
        ("hw_power_watts", *OF_A, "gpu"): 251.234,
        ("apivitals_gpu_power_limit_watts", *OF_A): 400,
        ("hw_energy_joules_total", *OF_A, "gpu"): 1234567890.123,
        ("hw_temperature_celsius", *OF_A): 61,
        ("hw_temperature_limit_celsius", *OF_A, "high.degraded"): 95,
        ("hw_temperature_limit_celsius", *OF_A, "high.critical"): 98,
        ("apivitals_gpu_clock_frequency_hertz", *OF_A, "graphics"): 1.41e9,
        ("apivitals_gpu_clock_frequency_hertz", *OF_A, "sm"): 1.395e9,
        ("apivitals_gpu_clock_frequency_hertz", *OF_A, "memory"): 1.215e9,
        ("apivitals_gpu_clock_frequency_hertz", *OF_A, "video"): 1.275e9,
        ("hw_errors_total", *OF_A, "gpu", "corrected"): 12,
        ("hw_errors_total", *OF_A, "gpu", "uncorrected"): 3,
        ("apivitals_gpu_clocks_limited", *OF_A, "idle"): 0,
        ("apivitals_gpu_clocks_limited", *OF_A, "clocks_setting"): 0,
        ("apivitals_gpu_clocks_limited", *OF_A, "power_cap"): 1,
        ("apivitals_gpu_clocks_limited", *OF_A, "hw_slowdown"): 0,
        ("apivitals_gpu_clocks_limited", *OF_A, "sync_boost"): 0,
        ("apivitals_gpu_clocks_limited", *OF_A, "sw_thermal"): 0,
        ("apivitals_gpu_clocks_limited", *OF_A, "hw_thermal"): 1,
        ("apivitals_gpu_clocks_limited", *OF_A, "power_brake"): 0,
        ("apivitals_gpu_clocks_limited", *OF_A, "display"): 0,
    }
    assert found.values == expected | {(ERRORS, reason): 0 for reason in TOLD}
    assert found.failures == {}
    assert found.log == []


def test_values_are_new_at_each_reading(machine):
    machine.set(DRIVER, FIRST)
    machine.collect()
    machine.set(DRIVER, FIRST, {"0.utilization": "100 0", "0.reasons": 0x100 | 0x10 | 0x800})
    found = machine.collect()
    assert found.of("hw_gpu_utilization")[(*OF_A, "general")] == 1
    on = {labels[2] for labels, value in found.of("apivitals_gpu_clocks_limited").items() if value}
    assert on == {"display", "sync_boost"}, "a bit that nobody knows yet is left out"


def test_several_gpus_of_which_one_tells_less(machine):
    machine.set(DRIVER, FIRST, SECOND)
    found = machine.collect()
    assert found.of(UP) == {(*OF_A, ""): 1, (*OF_B, ""): 1}
    assert found.of("hw_gpu_memory_utilization") == {OF_A: 0.25, OF_B: 0.25}
    assert found.of("hw_power_watts") == {(*OF_A, "gpu"): 251.234, (*OF_B, "gpu"): 30}
    assert found.of("hw_energy_joules_total") == {(*OF_A, "gpu"): 1234567890.123}
    assert found.names(B) == {
        UP,
        "apivitals_gpu_info",
        "hw_gpu_utilization",
        "hw_gpu_memory_usage_bytes",
        "hw_gpu_memory_limit_bytes",
        "hw_gpu_memory_utilization",
        "hw_power_watts",
        "hw_temperature_celsius",
        "apivitals_gpu_clocks_limited",
    }
    assert found.failures == {}, "what a GPU does not have is no failure"


def test_driver_is_started_once_and_handles_are_kept(machine):
    machine.set(DRIVER, FIRST)
    for _ in range(3):
        machine.collect()
    calls = machine.calls()
    assert calls.count("nvmlInitWithFlags") == 1
    assert calls.count("nvmlDeviceGetHandleByIndex_v2") == 1
    assert calls.count("nvmlDeviceGetUUID 0") == 1
    assert calls.count("nvmlDeviceGetPowerUsage 0") == 3
    machine.ask("close")
    assert machine.calls() == ["nvmlShutdown"]
    machine.ask("close")
    assert machine.collect().values == {}
    assert machine.calls() == [], "closed is closed"


@pytest.mark.parametrize("code", ["", "!2", "!3", "!4", "!13", "!25"])
def test_field_that_is_refused_is_left_out_and_not_asked_for_again_for_a_while(machine, code):
    refusing = FIRST | {"0.power": code or None}
    machine.set(DRIVER, refusing)
    for _ in range(3):
        found = machine.collect()
        assert found.of("hw_power_watts") == {}
        assert found.of("apivitals_gpu_power_limit_watts") == {OF_A: 400}
        assert found.of(UP) == {(*OF_A, ""): 1}
        assert found.failures == {}
    assert machine.calls().count("nvmlDeviceGetPowerUsage 0") == 1
    assert found.of(ERRORS)["no_permission",] == (1 if code == NOT_FOR_US else 0)
    machine.set(DRIVER, FIRST)
    machine.ask("later", seconds=301)
    assert machine.collect().of("hw_power_watts") == {(*OF_A, "gpu"): 251.234}


@pytest.mark.parametrize("code", [10, 20, 999, 4711])
def test_field_that_fails_is_left_out_reported_and_asked_for_again(machine, code):
    machine.set(DRIVER, FIRST, {"0.power": f"!{code}"})
    machine.collect()
    found = machine.collect()
    assert found.of("hw_power_watts") == {}
    assert found.of("hw_temperature_celsius") == {OF_A: 61}
    assert found.of(UP) == {(*OF_A, ""): 1}
    assert list(found.failures) == ["GPU 0 power"]
    assert found.failures["GPU 0 power"].startswith("nvmlDeviceGetPowerUsage: ")
    assert found.of(ERRORS)["unknown",] == 2
    machine.set(DRIVER, FIRST)
    found = machine.collect()
    assert found.of("hw_power_watts") == {(*OF_A, "gpu"): 251.234}
    assert found.failures == {}


def test_gpu_that_cannot_tell_its_uuid_at_first(machine):
    machine.set(DRIVER, FIRST, {"0.uuid": "!999"})
    found = machine.collect()
    assert found.of("hw_power_watts") == {("", "0", "gpu"): 251.234}
    assert found.of(UP) == {("", "0", ""): 1}
    assert list(found.failures) == ["GPU 0 identity"]
    machine.set(DRIVER, FIRST)
    assert machine.collect().of("hw_power_watts") == {(*OF_A, "gpu"): 251.234}


@pytest.mark.parametrize("name", ["!3", "\udcff"])
def test_gpu_without_a_readable_name(machine, name):
    machine.set(DRIVER | {"driver_version": "!999"}, FIRST, {"0.name": name})
    found = machine.collect()
    assert found.of("apivitals_gpu_info") == {(*OF_A, "GPU 0", "", "NVIDIA", "", ""): 1}
    assert found.of("hw_power_watts") == {(*OF_A, "gpu"): 251.234}


def test_lost_gpu_does_not_hide_the_other_and_is_asked_no_more(machine):
    machine.set(DRIVER, FIRST, SECOND)
    machine.collect()
    machine.calls()
    machine.set(DRIVER, FIRST, SECOND, LOST)
    first, second = machine.collect(), machine.collect()
    for found in (first, second):
        assert found.of(UP) == {(*OF_A, "gpu_lost"): 0, (*OF_B, ""): 1}
        assert found.of("hw_power_watts") == {(*OF_B, "gpu"): 30}
        assert found.of(ERRORS)["gpu_lost",] == 1
        assert found.failures == {}
    said = "it fell off the bus or needs a reset (nvmlDeviceGetUtilizationRates: GPU is lost)"
    assert first.log == [("WARNING", f"no metrics of GPU 0 ({A}): {said}")]
    assert second.log == []
    calls = [call for call in machine.calls() if call.endswith(" 0")]
    assert calls == ["nvmlDeviceGetUtilizationRates 0"], "a lost GPU may take seconds to say so"


def test_lost_gpu_is_looked_for_again_after_five_minutes(machine):
    machine.set(DRIVER, FIRST, SECOND, LOST)
    assert machine.collect().of(UP) == {("", "0", "gpu_lost"): 0, (*OF_B, ""): 1}, "lost before it told its UUID"
    machine.set(DRIVER, FIRST, SECOND)
    machine.ask("later", seconds=299)
    assert machine.collect().of(UP)["", "0", "gpu_lost"] == 0
    machine.ask("later", seconds=2)
    found = machine.collect()
    assert found.of(UP) == {(*OF_A, ""): 1, (*OF_B, ""): 1}
    assert found.of("hw_temperature_celsius") == {OF_A: 61, OF_B: 35}
    assert found.log == [("INFO", f"metrics of GPU 0 ({A}) are there again")]
    assert machine.calls().count("nvmlInitWithFlags") == 1, "the other GPU's handle is not put at risk"


def test_only_gpu_lost_and_the_driver_started_again_with_pauses_until_it_is_back(machine):
    machine.set(DRIVER, FIRST)
    machine.collect()
    machine.calls()
    machine.set(DRIVER, FIRST, LOST)
    starts = []
    for second in range(0, 700, 5):
        found = machine.collect()
        assert found.of(UP) == {(*OF_A, "gpu_lost"): 0}
        assert len(found.log) == (1 if second == 0 else 0)
        if "nvmlInitWithFlags" in machine.calls():
            starts.append(second)
        machine.ask("later", seconds=5)
    assert starts == [5, 10, 20, 40, 80, 160, 320, 620]
    machine.set(DRIVER, FIRST)
    machine.ask("later", seconds=300)
    assert machine.collect().of(UP) == {(*OF_A, ""): 1}


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        (3, "not_supported", "the NVIDIA driver does not support it"),
        (4, "no_permission", "this process may not ask; see the device files' permissions and what the container"),
        (17, "no_permission", "this process may not ask; see the device files' permissions and what the container"),
        (16, "gpu_lost", "it fell off the bus or needs a reset"),
        (999, "unknown", "the NVIDIA driver fails"),
    ],
)
def test_gpu_of_which_nothing_can_be_read(machine, code, reason, said):
    machine.set(DRIVER, FIRST, SECOND, {"0.error": f"!{code}"})
    for reading in range(3):
        found = machine.collect()
        assert found.of(UP) == {("", "0", reason): 0, (*OF_B, ""): 1}
        assert len(found.log) == (1 if reading == 0 else 0)
        if reading == 0:
            level, line = found.log[0]
            assert level == "WARNING"
            assert line.startswith(f"no metrics of GPU 0: {said}")


def test_gpu_that_may_not_be_asked_is_no_reason_to_start_the_driver_again(machine):
    machine.set(DRIVER, FIRST, {"0.error": NOT_FOR_US})
    for _ in range(4):
        assert machine.collect().of(UP) == {("", "0", "no_permission"): 0}
        machine.ask("later", seconds=200)
    assert machine.calls().count("nvmlInitWithFlags") == 1


def test_worst_of_several_reasons_is_told(machine):
    refusing = {key: NOT_FOR_US for key in FIRST if key != "0.uuid"} | {"0.encoder": None, "0.energy": None}
    machine.set(DRIVER, FIRST, refusing)
    found = machine.collect()
    assert found.of(UP) == {(*OF_A, "no_permission"): 0}
    assert found.names(A) == {UP, "apivitals_gpu_info"}
    machine.ask("later", seconds=301)
    machine.set(DRIVER, FIRST, refusing, {"0.power": "!999"})
    assert machine.collect().of(UP) == {(*OF_A, "unknown"): 0}


def test_mig_instances_tell_their_memory(machine):
    machine.set(DRIVER, FIRST, MIG)
    found = machine.collect()
    zero, two = (MIG_0, "0:0"), (MIG_2, "0:2")
    assert found.of("apivitals_gpu_mig_memory_usage_bytes") == {zero: 5 * GIB, two: GIB}
    assert found.of("apivitals_gpu_mig_memory_limit_bytes") == {zero: 20 * GIB, two: 5 * GIB}
    assert found.of("apivitals_gpu_mig_memory_utilization") == {zero: 0.25, two: 0.2}
    assert found.of("hw_gpu_memory_usage_bytes") == {OF_A: 10 * GIB}, "of the whole GPU, counted once"
    assert found.of("hw_gpu_utilization") == {}
    driver = ("NVIDIA", "550.54.15")
    assert set(found.of("apivitals_gpu_info")) == {
        (*OF_A, "GPU 0", "NVIDIA A100-SXM4-40GB", *driver, ""),
        (*zero, "GPU 0:0", "NVIDIA A100-SXM4-40GB MIG 3g.20gb", *driver, A),
        (*two, "GPU 0:2", "NVIDIA A100-SXM4-40GB MIG 1g.5gb", *driver, A),
    }
    assert found.of(UP) == {(*OF_A, ""): 1}
    assert found.failures == {}


def test_mig_instances_come_go_and_fail_alone(machine):
    machine.set(DRIVER, FIRST, MIG, {"0.instance2": None})
    assert set(machine.collect().of("apivitals_gpu_mig_memory_usage_bytes")) == {(MIG_0, "0:0")}
    machine.set(DRIVER, FIRST, MIG, {"0:0.memory": "!999"})
    found = machine.collect()
    assert set(found.of("apivitals_gpu_mig_memory_usage_bytes")) == {(MIG_2, "0:2")}
    assert list(found.failures) == ["GPU 0 mig 0 memory"]
    machine.set(DRIVER, FIRST, MIG, {"0.mig_mode": "0 0"}, {"0.utilization": FIRST["0.utilization"]})
    found = machine.collect()
    assert found.of("apivitals_gpu_mig_memory_usage_bytes") == {}
    machine.ask("later", seconds=301)
    assert machine.collect().of("hw_gpu_utilization")[(*OF_A, "general")] == 0.73, "MIG is off again"


def test_container_that_was_given_one_mig_instance(machine):
    fields = {key: NOT_FOR_US for key in FIRST if key not in ("0.uuid", "0.name")}
    machine.set(DRIVER, FIRST, fields, MIG)
    found = machine.collect()
    assert found.of(UP) == {(*OF_A, ""): 1}, "something can be read"
    assert set(found.of("apivitals_gpu_mig_memory_usage_bytes")) == {(MIG_0, "0:0"), (MIG_2, "0:2")}
    assert found.log == []


def test_old_driver_without_the_newer_functions(old_machine):
    old_machine.set(DRIVER, FIRST)
    found = old_machine.collect()
    assert found.of("hw_gpu_memory_usage_bytes") == {OF_A: 11 * GIB}, "version 1 counts what is reserved"
    assert found.of("hw_gpu_memory_limit_bytes") == {OF_A: 40 * GIB}
    assert found.of("apivitals_gpu_clocks_limited")[(*OF_A, "power_cap")] == 1
    assert found.of("hw_energy_joules_total") == {}, "a function that is missing"
    assert found.of("hw_power_watts") == {(*OF_A, "gpu"): 251.234}
    assert found.failures == {}
    assert found.log == []
    old_machine.ask("close")
    old_machine.ask("make", processes=True)
    found = old_machine.collect()
    assert found.of(UP) == {(*OF_A, ""): 1}
    assert found.of("apivitals_gpu_process_memory_usage_bytes") == {}


def test_processes_and_pcie_only_when_asked_for(machine):
    machine.set(DRIVER, FIRST)
    machine.collect()
    assert not [call for call in machine.calls() if "Process" in call or "Pcie" in call]
    machine.ask("close")
    machine.ask("make", processes=True, pcie=True)
    found = machine.collect()
    assert found.of("apivitals_gpu_process_memory_usage_bytes") == {
        (*OF_A, "4242"): 3 * GIB,
        (*OF_A, "17"): GIB,
        (*OF_A, "18"): GIB,
    }
    assert found.of("apivitals_gpu_pcie_throughput_bytes_per_second") == {
        (*OF_A, "receive"): 102400,
        (*OF_A, "transmit"): 204800,
    }


@pytest.mark.parametrize(
    ("code", "reason", "level", "said"),
    [
        (
            9,
            "driver_not_loaded",
            "INFO",
            "the NVIDIA driver is installed, but not loaded (nvmlInit: Driver Not Loaded)",
        ),
        (18, "version_mismatch", "WARNING", "the NVIDIA driver's library and kernel module have different versions"),
        (4, "no_permission", "WARNING", "this process may not ask;"),
        (999, "unknown", "WARNING", "the NVIDIA driver fails (nvmlInit: Unknown Error)"),
    ],
)
def test_driver_that_cannot_be_started_is_tried_every_five_minutes(machine, code, reason, level, said):
    machine.set({"driver": f"!{code}"})
    logs = []
    for _ in range(61):
        found = machine.collect()
        assert found.of(UP) == {("", "", reason): 0}
        logs += found.log
        machine.ask("later", seconds=5)
    assert machine.calls() == ["nvmlInitWithFlags"] * 2
    [(was, line)] = logs
    assert was == level
    assert line.startswith(f"no metrics of NVIDIA GPUs: {said}")
    assert found.of(ERRORS) == {(told,): (2 if told == reason else 0) for told in TOLD}
    machine.set(DRIVER, FIRST)
    machine.ask("later", seconds=300)
    found = machine.collect()
    assert found.of(UP) == {(*OF_A, ""): 1}
    assert found.of("hw_temperature_celsius") == {OF_A: 61}
    assert found.log == [("INFO", "metrics of NVIDIA GPUs are there again")]


def test_driver_that_shows_no_gpu(machine):
    machine.set(DRIVER, {"count": 0})
    found = machine.collect()
    assert found.values == {(UP, "", "", "no_gpu"): 0} | {(ERRORS, reason): 0 for reason in TOLD}
    assert found.log == [("INFO", "no metrics of NVIDIA GPUs: the NVIDIA driver shows none (nvmlDeviceGetCount: 0)")]
    machine.collect()
    assert machine.calls() == ["nvmlInitWithFlags", "nvmlDeviceGetCount_v2", "nvmlShutdown"]


def test_driver_that_goes_and_comes_back(machine):
    machine.set(DRIVER, FIRST)
    machine.collect()
    machine.set({"driver": "!9"})
    found = machine.collect()
    assert found.of(UP) == {("", "", "driver_not_loaded"): 0}
    assert found.of("hw_power_watts") == {}
    assert found.of(ERRORS)["driver_not_loaded",] == 1
    assert [level for level, _ in found.log] == ["WARNING"], "it had been there"
    machine.calls()
    starts = []
    for second in range(5, 400, 5):
        machine.ask("later", seconds=5)
        assert machine.collect().log == []
        starts += [second for call in machine.calls() if call == "nvmlInitWithFlags"]
    assert starts == [5, 10, 20, 40, 80, 160, 320]
    machine.set(DRIVER, FIRST, {"loaded": "again"})
    machine.ask("later", seconds=300)
    found = machine.collect()
    assert found.of(UP) == {(*OF_A, ""): 1}
    assert found.of("hw_power_watts") == {(*OF_A, "gpu"): 251.234}
    assert found.log == [("INFO", "metrics of NVIDIA GPUs are there again")]


def test_driver_that_was_loaded_anew_is_read_again_at_the_next_reading(machine):
    machine.set(DRIVER, FIRST)
    machine.collect()
    machine.set(DRIVER, FIRST, {"loaded": "again"})
    found = machine.collect()
    assert found.of(UP) == {("", "", "uninitialized"): 0}
    machine.ask("later", seconds=5)
    assert machine.collect().of("hw_power_watts") == {(*OF_A, "gpu"): 251.234}


def test_driver_that_goes_in_the_middle_of_a_reading_leaves_no_half_of_it(machine):
    machine.set(DRIVER, FIRST, SECOND)
    machine.collect()
    machine.set(DRIVER, FIRST, SECOND, {"1.error": "!9"})
    found = machine.collect()
    errors = {(ERRORS, reason): float(reason == "driver_not_loaded") for reason in TOLD}
    assert found.values == errors | {(UP, "", "", "driver_not_loaded"): 0}


def test_other_gpus_after_the_driver_was_loaded_anew(machine):
    machine.set(DRIVER, FIRST, SECOND, {"0.power": None})
    machine.collect()
    machine.set(DRIVER, FIRST, {"0.uuid": B, "loaded": "again"})
    machine.collect()
    machine.ask("later", seconds=5)
    found = machine.collect()
    assert found.of(UP) == {(B, "0", ""): 1}
    assert found.of("hw_power_watts") == {(B, "0", "gpu"): 251.234}


def test_forked_child_starts_the_driver_for_itself_and_leaves_the_parents_alone(machine):
    machine.set(DRIVER, FIRST)
    machine.collect()
    machine.calls()
    answer = machine.ask("collect_in_child")
    assert ["hw_power_watts", A, "0", "gpu", 251.234] in answer["points"]
    assert answer["log"] == []
    calls = machine.calls()
    assert calls[0] == "nvmlInitWithFlags", "what the child was born with is not shut down"
    assert calls[-1] == "nvmlShutdown"
    assert machine.collect().of("hw_power_watts") == {(*OF_A, "gpu"): 251.234}
    assert "nvmlInitWithFlags" not in machine.calls()


def test_slow_driver_keeps_no_scrape_waiting(machine):
    machine.set(DRIVER, FIRST)
    machine.ask("start_sampler")
    try:
        eventually(lambda: "hw.power" in machine.ask("scrape"), "the first sample")
        machine.close_gate()
        eventually(machine.waits, "a call that waits")
        machine.calls()
        assert "hw.power" in machine.ask("scrape"), "the sample before"
        assert machine.calls() == [], "still the same call"
        threads = machine.ask("threads")
        assert machine.ask("close") == []
        assert "hw.power" in machine.ask("scrape"), "closing does not wait either"
        machine.open_gate()
        eventually(lambda: "hw.power" not in machine.ask("scrape"), "a sample of the closed source")
        assert machine.calls()[-1] == "nvmlShutdown", "at the end of the reading that was under way"
    finally:
        machine.ask("stop_sampler")
    eventually(lambda: machine.ask("threads") == threads - 1, "the sampler's end")


def test_machine_without_a_library_costs_one_look(newest, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (library / LIBRARY).touch()  # no library at all, even if the machine has a real one
    with Machine(library, tmp_path) as machine:
        machine.ask("make")
        assert machine.ask("available") is False
        for reading in range(3):
            found = machine.collect()
            assert found.values == {(UP, "", "", "library_not_found"): 0}
            assert [level for level, _ in found.log] == (["INFO"] if reading == 0 else [])
            machine.ask("later", seconds=1e6)
        assert machine.ask("binding_is_loaded") is False
        assert machine.ask("threads") == 1
        shutil.copy(newest.library / LIBRARY, library)
        machine.set(DRIVER, FIRST)
        assert machine.ask("available") is True
        assert machine.collect().values == {(UP, "", "", "library_not_found"): 0}, "it did not look again"
        machine.ask("make")
        assert machine.collect().of(UP) == {(*OF_A, ""): 1}


def test_looking_whether_there_is_a_library_does_not_start_the_driver(machine):
    machine.set(DRIVER, FIRST)
    assert machine.ask("available") is True
    assert machine.calls() == []
