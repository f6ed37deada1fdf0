"""Alerts on machine, runtime and GPUs."""

import pytest

from tests.slo.tables import QUIET, check_table, counter, gauge, kinds
from tests.support.promtool import Case
from tests.support.traffic import COMPONENT, histogram, series, served, target

POOL = target() | series("apivitals_thread_pool_size", "40x200")
FULL_POOL = POOL | series("apivitals_thread_pool_in_use", "36x200")
PERIODS = target() | series("apivitals_container_cpu_periods_total", "0+300x200")
GPU = {"hw_id": "GPU-1", "gpu_index": "0"}
QUEUE = "apivitals_http_server_queue_duration_seconds"
DISK = {"system_filesystem_mountpoint": "/data", "system_device": "/dev/sdb", "system_filesystem_type": "ext4"}

TABLE = {
    "ApiCpuHigh": gauge("apivitals_cpu_utilization", 0.85, 0.75, limit="container"),
    "ApiMemoryHigh": gauge("apivitals_memory_utilization", 0.9, 0.8, limit="host"),
    "ApiDiskFull": gauge("system_filesystem_utilization", 0.85, 0.79, **DISK),
    "ApiCpuThrottled": counter("apivitals_container_cpu_throttled_periods_total", 100, 50, base=PERIODS),
    "ApiPressure": counter("apivitals_pressure_waiting_seconds_total", 9, 6, resource="io", scope="host"),
    "ApiOutOfMemoryKill": [
        Case("fires", target() | series("apivitals_container_memory_oom_kills_total", "0x30 1x40"), "20m", 1),
        *counter("apivitals_container_memory_oom_kills_total", 1, 0)[1:],
    ],
    "ApiThreadPoolFull": gauge("apivitals_thread_pool_waiting", 7, 0, base=FULL_POOL),
    "ApiEventLoopBlocked": gauge("apivitals_event_loop_max_lag_seconds", 0.3, 0.05),
    "ApiGcPauses": counter("apivitals_gc_pause_seconds_sum", 2, 1, cpython_gc_generation="2"),
    "ApiGpuBusy": gauge("hw_gpu_utilization", 0.95, 0.8, hw_gpu_task="general", **GPU),
    "ApiGpuMemoryHigh": gauge("hw_gpu_memory_utilization", 0.92, 0.8, **GPU),
    "ApiGpuThrottled": gauge("apivitals_gpu_clocks_limited", 1, 0, reason="hw_thermal", **GPU),
    "ApiGpuEccErrors": counter("hw_errors_total", 1, 0, hw_type="gpu", error_type="uncorrected", **GPU),
    "ApiGpuLost": [
        Case("fires", target() | series("apivitals_gpu_up", "0x200", GPU, reason="gpu_lost"), "30m", 1),
        Case("vanished", target() | series("apivitals_gpu_up", "1x20 stale", GPU, reason=""), "30m", 1),
        Case("quiet", target() | series("apivitals_gpu_up", "1x200", GPU, reason=""), "30m", QUIET),
        Case("idle", target() | series("apivitals_gpu_up", "0x200", hw_id="", gpu_index="", reason="no_gpu"), "9m", 0),
        Case("missing", target(), "30m", QUIET),
        Case("restart", target() | series("apivitals_gpu_up", "1x20 stale _x3 1x90", GPU, reason=""), "30m", QUIET),
        Case("service gone", target("1x20 0x80") | series("apivitals_gpu_up", "1x20 stale", GPU), "30m", QUIET),
    ],
}
TABLE["ApiThreadPoolFull"] += [
    Case("full, but nobody waits", FULL_POOL | series("apivitals_thread_pool_waiting", "0x200"), "10m", QUIET),
]
TABLE["ApiGpuThrottled"] += [
    Case(
        f"held back by {reason}",
        target() | series("apivitals_gpu_clocks_limited", "1x200", GPU, reason=reason),
        "30m",
        QUIET,
    )
    for reason in ("idle", "power_cap", "display")
]


@pytest.mark.parametrize("alert", TABLE)
def test_alert(alert):
    check_table({alert: TABLE[alert]})


def test_every_kind_of_case():
    assert kinds(TABLE) == []


def test_levels():
    found = check_table(
        {
            "ApiCpuHigh": [
                Case("both", target() | series("apivitals_cpu_utilization", "0.95x200", limit="host"), "30m", 2),
            ]
        }
    )
    assert {one.labels["severity"] for one in found["ApiCpuHigh"]["both"]} == {"warning", "critical"}


def test_levels_that_are_off():
    values = {"thresholds": {"cpu_percent": {"warning": "off", "critical": 90}}}
    cases = gauge("apivitals_cpu_utilization", 0.95, 0.85, limit="host")
    found = check_table({"ApiCpuHigh": cases}, values)
    assert found["ApiCpuHigh"]["fires"][0].labels["severity"] == "critical"


def test_queue_time():
    labels = 'job="shop",instance="a:80",http_request_method="POST",http_route="/pay",priority="critical"'
    bounds = (0.1, 0.25, 0.5, 1.0)

    def queued(count, seconds):
        return target() | served(count) | histogram(QUEUE, labels, count, seconds, bounds)

    check_table(
        {
            "ApiQueueTimeHigh": [
                Case("fires", queued("0+30x60", 0.5), "15m", 1, {"priority": "critical", "severity": "warning"}),
                Case("quiet", queued("0+30x60", 0.1), "15m", QUIET),
                Case("idle", queued("900x60", 0.5), "15m", QUIET),
                Case("missing", target() | served("0+30x60"), "15m", QUIET),
                Case("restart", queued("900+30x6 0x60", 0.5), "15m", QUIET),
            ]
        }
    )


def test_texts_have_the_numbers():
    loop = target() | series("apivitals_event_loop_max_lag_seconds", "0.3x12 2.5 0.3x200")
    loop |= series("apivitals_event_loop_blocked_total", "0x11 1x200")
    said = check_table({"ApiEventLoopBlocked": [Case("fires", loop, "8m", None)]}, texts=True)
    description = said["ApiEventLoopBlocked"]["fires"][0].annotations["description"]
    assert "for 2.5s at the longest" in description
    assert "blocks were long enough to be logged" in description

    pool = POOL | series("apivitals_thread_pool_in_use", "36x60") | series("apivitals_thread_pool_waiting", "7x60")
    pool |= served("0+30x60", 5, route="/report")
    route = {"http_request_method": "POST", "http_route": "/report", "priority": "critical"}
    pool |= series(f"{COMPONENT}_sum", "0+150x60", route, component="threadpool_wait")
    said = check_table({"ApiThreadPoolFull": [Case("fires", pool, "10m", 1)]}, texts=True)
    annotations = said["ApiThreadPoolFull"]["fires"][0].annotations
    assert annotations["summary"] == "a:80 of shop: 90% of the thread pool is in use, and calls wait"
    assert "90% of 40 threads are in use and 7 calls wait for one" in annotations["description"]
    assert "Look first at threadpool_wait: 100% of the response time." in annotations["description"]
    assert "Most time goes to POST /report." in annotations["description"]
