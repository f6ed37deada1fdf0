"""The error budget of thirty days, from counters through the real rules, against the exact one."""

import re
from dataclasses import replace

from apivitals.slo.series import CLASS
from tests.slo.tables import DEFAULTS
from tests.support.promtool import recordings, run_tests
from tests.support.traffic import RESPONSE_TIME

STEP_SECONDS = 120
STEPS_IN_AN_HOUR = 30
EVALUATED = "5m"  # the rate is over as much, so no request is left out; promtool loads 10,000 samples at most
DAYS = 30
DAY_RATE, NIGHT_RATE = 10, 1
LABELS = 'job="shop",instance="a",http_request_method="GET",http_route="/",priority="critical"'
OBJECTIVE = 'slo="availability",objective="99.9%"'


def hours():
    """Yield requests per second and the share of them that fail, hour by hour."""
    for day in range(DAYS):
        for hour in range(24):
            rate = DAY_RATE if 8 <= hour < 22 else NIGHT_RATE
            broken = day == 17 and 2 <= hour < 8  # off-peak: an average of ratios would overrate it tenfold
            yield rate, 0.5 if broken else 0.0001 * (hour % 3)


def counters():
    """Return both counters' values at each step, and how many requests and failures there were."""
    good, bad, values = 0.0, 0.0, []
    for rate, failing in hours():
        for _ in range(STEPS_IN_AN_HOUR):
            bad += rate * STEP_SECONDS * failing
            good += rate * STEP_SECONDS * (1 - failing)
            values.append((good, bad))
        if len(values) in (9 * 24 * STEPS_IN_AN_HOUR, 21 * 24 * STEPS_IN_AN_HOUR + 7):
            good = bad = 0.0  # a restart
    requests = sum(rate * 3600 for rate, _ in hours())
    return values, requests, sum(rate * 3600 * failing for rate, failing in hours())


def test_the_budget_of_thirty_days_with_an_incident_off_peak():
    values, requests, failed = counters()
    exact = 1 - failed / requests / 0.001
    bucket = f"{RESPONSE_TIME}_bucket{{{LABELS},"
    needed = recordings(DEFAULTS, {CLASS.slo_requests_counted, CLASS.slo_bad_counted})
    groups = [replace(group, rules=tuple(filter(_of_the_objective, group.rules))) for group in needed]
    content = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": EVALUATED,
        "group_eval_order": [group.name for group in groups],
        "tests": [
            {
                "interval": f"{STEP_SECONDS}s",
                "input_series": [
                    {
                        "series": f'{bucket}error_type="{error}",http_response_status_code="{status}",le="+Inf"}}',
                        "values": " ".join(f"{value[place]:.6g}" for value in values),
                    }
                    for place, (error, status) in enumerate([("", "200"), ("500", "500")])
                ],
                "promql_expr_test": [{"expr": _expression(), "eval_time": f"{DAYS}d", "exp_samples": []}],
            }
        ],
    }
    said = run_tests(content, groups)
    value = float(re.findall(r"got:.*\} (-?[\d.E+-]+)", said, re.DOTALL)[0])
    assert abs(value - exact) < 0.005
    assert -6 < exact < 0.9


def _expression():
    """Return the real rule's expression with that of its ratio in it: to evaluate both for a month takes minutes."""
    rules = [rule for file in DEFAULTS for group in file.groups for rule in group.rules]
    ratio = next(rule.expr for rule in rules if getattr(rule, "record", "") == CLASS.slo_ratio("30d"))
    budget = next(
        rule.expr
        for rule in rules
        if getattr(rule, "record", "") == CLASS.budget_remaining
        and rule.labels["priority"] == "critical"
        and rule.labels["slo"] == "availability"
    )
    name = CLASS.slo_ratio("30d")
    assert name in budget
    selected = ratio.replace("requests:increase2m[", f'requests:increase2m{{priority="critical",{OBJECTIVE}}}[')
    return re.sub(re.escape(name) + r"\{[^}]*\}", f"({selected})", budget)


def _of_the_objective(rule):
    return (
        rule.labels.get("priority", "critical") == "critical"
        and rule.labels.get("slo", "availability") == "availability"
    )
