"""A video shop's /metrics in few lines: two scrapes ten seconds apart, with numbers that can be checked by hand."""

from apivitals.demo.scrape import Scrape, parse

BOUNDS = ("0.05", "0.1", "0.5", "1.0", "+Inf")
CHECKOUT = {"http_request_method": "POST", "http_route": "/checkout", "priority": "critical"}
SHOW = {"http_request_method": "GET", "http_route": "/videos/{video_id}", "priority": "high"}
REPORT = {"http_request_method": "GET", "http_route": "/reports", "priority": "low"}
LOST = {"http_request_method": "GET", "http_route": "", "priority": "medium"}
VIEWERS = {"http_route": "/videos/{video_id}/viewers", "priority": "medium"}

DURATION = "http_server_request_duration_seconds"
LATENCY = "apivitals_http_server_time_to_first_byte_seconds"
SESSION = "apivitals_websocket_server_session_duration_seconds"
PARTS = "apivitals_http_server_component_duration_seconds"
CALLS = "apivitals_http_server_component_calls"
OPERATION = "apivitals_operation_duration_seconds"
AI = "gen_ai_client_operation_duration_seconds"
STORY = {
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "partner",
    "gen_ai_request_model": "story-large",
    "feature": "concierge",
}
THUMBNAILS = {"name": "thumbnails", "component": "video"}
INPUT, OUTPUT = {"gen_ai_token_type": "input"}, {"gen_ai_token_type": "output"}


def sample(name, value, /, **labels):
    inside = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value}\n"


def histogram(name, counts, total=1.5, /, **labels):
    """Write a histogram with so many observations at or below each of BOUNDS."""
    buckets = (sample(f"{name}_bucket", count, **labels, le=bound) for bound, count in zip(BOUNDS, counts, strict=True))
    return "".join([*buckets, sample(f"{name}_sum", total, **labels), sample(f"{name}_count", counts[-1], **labels)])


def answered(route, outcome, counts, latency=None, sent_bytes=0):
    """Write what a route and an outcome, which is a status and an error type, have in the request histograms."""
    status, error_type = outcome
    labels = {**route, "http_response_status_code": status, "url_scheme": "http", "error_type": error_type}
    return (
        histogram(DURATION, counts, **labels)
        + histogram(LATENCY, latency or counts, **labels)
        + sample("http_server_request_body_size_bytes_sum", 0, **labels)
        + sample("http_server_response_body_size_bytes_sum", sent_bytes, **labels)
    )


def parts(route, **seconds):
    """Write the seconds that each component had of a route's requests."""
    return "".join(sample(f"{PARTS}_sum", value, **route, component=name) for name, value in seconds.items())


def calls(route, **counts):
    """Write the calls that a route's requests made to each component."""
    return "".join(sample(f"{CALLS}_sum", value, **route, component=name) for name, value in counts.items())


EARLIER = (
    answered(SHOW, ("200", ""), (100, 100, 100, 100, 100), sent_bytes=1_000)
    + answered(CHECKOUT, ("201", ""), (0, 50, 50, 50, 50))
    + sample("apivitals_websocket_server_messages_total", 40, **VIEWERS, network_io_direction="receive")
    + sample("http_server_active_requests", 9, **SHOW, url_scheme="http")
    + parts(SHOW, database=1, endpoint=1)
    + calls(SHOW, database=100)
    + parts(CHECKOUT, external=3)
    + sample("apivitals_cache_requests_total", 4, cache="lists", result="hit")
    + sample("process_cpu_time_seconds_total", 10, cpu_mode="user")
    + sample("process_cpu_time_seconds_total", 5, cpu_mode="system")
)

LATER = (
    # 100 more in ten seconds: 50 within 50 ms, 50 within 100 ms; their first bytes all within 50 ms; 2.5 MB more.
    answered(SHOW, ("200", ""), (150, 200, 200, 200, 200), latency=(200,) * 5, sent_bytes=25_001_000)
    # 30 more; and 10 that failed, in series that were not there before.
    + answered(CHECKOUT, ("201", ""), (0, 80, 80, 80, 80))
    + answered(CHECKOUT, ("502", "502"), (0, 8, 8, 8, 8))
    + answered(CHECKOUT, ("500", "shop.checkout.PaymentUnclearError"), (0, 2, 2, 2, 2))
    # 5 of them slower than every finite bound.
    + answered(REPORT, ("200", ""), (0, 0, 0, 0, 5), latency=(0, 0, 0, 5, 5))
    + answered(LOST, ("404", ""), (10, 10, 10, 10, 10))
    + sample("http_server_active_requests", 2, **SHOW, url_scheme="http")
    + sample("http_server_active_requests", 1, **SHOW, url_scheme="https")
    + sample("http_server_active_requests", 0, **REPORT, url_scheme="http")
    + sample("apivitals_websocket_server_active_sessions", 3, **VIEWERS)
    + sample("apivitals_websocket_server_messages_total", 90, **VIEWERS, network_io_direction="receive")
    + sample("apivitals_websocket_server_messages_total", 120, **VIEWERS, network_io_direction="transmit")
    # Of 100 more requests: 3 s in 900 queries, 1 s in the endpoint.
    + parts(SHOW, database=4, endpoint=2, send=0)
    + calls(SHOW, database=1000)
    # Of 40 more requests: 2.4 s in 40 calls, 0.2 s before.
    + parts(CHECKOUT, external=5.4, dependencies=0.2)
    + calls(CHECKOUT, external=40)
    + sample("apivitals_cache_requests_total", 10, cache="lists", result="hit")
    + sample("apivitals_cache_requests_total", 2, cache="lists", result="miss")
    + sample("apivitals_cache_requests_total", 5, cache="synopses", result="miss")
    + histogram(OPERATION, (10, 20, 20, 20, 20), **THUMBNAILS, error_type="")
    + histogram(OPERATION, (5, 5, 5, 5, 5), **THUMBNAILS, error_type="shop.frames.DamagedClipError")
    + sample("apivitals_operation_items_total", 480, **THUMBNAILS)
    + histogram(AI, (0, 0, 10, 10, 10), **STORY, error_type="")
    + histogram(AI, (2, 2, 2, 2, 2), **STORY, error_type="429")
    + histogram("gen_ai_client_operation_time_to_first_chunk_seconds", (10, 10, 10, 10, 10), **STORY)
    + histogram("gen_ai_client_token_usage", (0, 0, 0, 0, 10), 80, **STORY, **INPUT)
    + histogram("gen_ai_client_token_usage", (0, 0, 0, 0, 10), 480, **STORY, **OUTPUT)
    + sample("process_cpu_time_seconds_total", 13, cpu_mode="user")
    + sample("process_cpu_time_seconds_total", 6, cpu_mode="system")
    + sample("process_memory_usage_bytes", 62_000_000)
    + sample("apivitals_cpu_utilization", 0.34, limit="container")
    + sample("apivitals_memory_utilization", 0.5, limit="container")
    + sample("apivitals_event_loop_max_lag_seconds", 0.0123)
    + sample("hw_gpu_utilization", 0.77, hw_id="GPU-1", gpu_index="0", hw_gpu_task="general")
    + sample("hw_gpu_utilization", 0.11, hw_id="GPU-1", gpu_index="0", hw_gpu_task="encoder")
    + histogram(SESSION, (0, 0, 0, 4, 4), **VIEWERS, websocket_close_code="1000", error_type="")
)


def earlier(at_seconds=100.0) -> Scrape:
    return parse(EARLIER, at_seconds)


def later(at_seconds=110.0) -> Scrape:
    return parse(LATER, at_seconds)
