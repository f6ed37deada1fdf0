"""What asking a dashboard's queries finds, of a dashboard with a query for each fault."""

import tempfile
import time
from pathlib import Path

import pytest

from tests.dashboards.asking import Asker
from tests.dashboards.dashboard import good, panel, read, target, variable
from tests.dashboards.written import RECENT_SECONDS, RECENT_STEP, written_prometheus
from tests.support.dashboards import Prometheus, Times, queries

GOOD = {
    "rate": 'sum by (le) (rate(http_server_request_duration_seconds_bucket{job=~"$job"}[$__rate_interval]))',
    "a month ago": 'job:http_requests:rate5m{job=~"$job"} / (job:http_requests:rate5m{job=~"$job"} offset 30d)',
    "a sum over a month": 'sum_over_time(job_priority:slo_requests:increase2m{job=~"$job"}[30d])',
    "two values": 'job_priority:http_requests:rate5m{job=~"$job", priority=~"critical|low"}',
    "joined": (
        'hw_gpu_utilization{job=~"$job", instance=~"$instance", hw_gpu_task="general"}'
        ' * on (hw_id) group_left (hw_name) apivitals_gpu_info{job=~"$job"}'
    ),
    "firing": 'ALERTS{alertstate="firing", severity!="none", job=~"$job"} == 1',
    "quantile": (
        'histogram_quantile(0.95, sum by (le) (job:http_response_time_seconds_bucket:rate5m{job=~"$job",outcome="ok"}))'
    ),
    "of one route": 'job_route:http_requests:rate5m{job=~"$job", http_route="$http_route"}',
}
BAD = {
    "nothing": ('apivitals_none{job=~"$job"}', "nothing with All"),
    "not a number": ('job:http_requests:rate5m{job=~"$job"} * NaN', "nothing with All"),
    "only with All": ('label_replace(sum(up), "x", "$job", "", "") and on (x) count(up{job=~"$job.."})', "nothing"),
    "wrong": ('sum by (job) (rate(up{job=~"$job"}))', "expected type range vector"),
    "wrongly escaped": ('up{job=~"$job", http_route="${http_route:regex}"}', "unknown escape sequence"),
    "no variable": ('up{job=~"$service"}', "service"),
}


def dashboard(exprs):
    content = good()
    content["panels"] = [
        panel(number, "timeseries", target(expr), title=title, y=8 * number)
        for number, (title, expr) in enumerate(exprs.items(), 1)
    ]
    route = variable("http_route", 'label_values(job_route:http_requests:rate5m{job=~"$job"}, http_route)')
    content["templating"]["list"].append({**route, "multi": False, "includeAll": False})
    return read(content)


@pytest.fixture(scope="module")
def asker():
    known = list(queries(dashboard(GOOD)))
    with (
        tempfile.TemporaryDirectory(prefix="written-") as directory,
        written_prometheus(known, Path(directory)) as server,
    ):
        now = time.time() // RECENT_STEP * RECENT_STEP
        times = Times(now - RECENT_SECONDS + RECENT_STEP, now, RECENT_STEP)
        yield lambda exprs: Asker(dashboard(exprs), Prometheus(server.url), times)


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_wrong_with(name, asker):
    asking = asker({name: GOOD[name]})
    assert [fault for query in queries(asking.dashboard) for fault in asking.faults(query)] == []


@pytest.mark.parametrize("name", BAD)
def test_it_is_found_that_a_query_gives(name, asker):
    expr, said = BAD[name]
    asking = asker({name: expr})
    found = [fault for query in queries(asking.dashboard) if query.panel for fault in asking.faults(query)]
    assert len(found) == 1, found
    assert said in found[0]
