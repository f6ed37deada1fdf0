"""Traffic that is unlike that of the same hour in earlier weeks, or that stops."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.slo.alerting import About, Text, alert
from apivitals.slo.plan import Plan
from apivitals.slo.promql import number
from apivitals.slo.rule import Alert, Recording
from apivitals.slo.series import DEVIATION, EXPECTED, JOB, LOWER, RESIDUAL, UPPER
from apivitals.slo.targets import down, present
from apivitals.slo.template import RATE, THE_RATE, asked, same

_WEEKS = {"one": "166h", "two": "334h", "three": "502h"}
"""Four hours that end two hours after the same time, so many weeks ago, end so long ago."""
_HISTORY = "3d"
_LEAST_DEVIATION = "0.1"
"""Of what is expected: traffic that was regular to the request must not make an anomaly of the next one."""
_LEAST_RATE = "0.1"
_STEADY_RATE = "0.2"


def season_rules(plan: Plan) -> Iterator[Recording]:
    """Yield what traffic is expected, how far it usually is from that, and the band around it.

    Expected is the median of the same four hours in the last three weeks, or in those of them that there are: a
    holiday is one of three. The deviation is that of the last three days, but not of the last hour, which is what is
    being judged; it needs a day of them.
    """
    select, requests = plan.select, JOB.requests
    past_weeks = {name: select(requests, over="4h", before=ago) for name, ago in _WEEKS.items()}
    weeks = "\nor\n".join(
        f'  label_replace(avg_over_time({past}), "week", "{name}", "", "")' for name, past in past_weeks.items()
    )
    yield Recording(EXPECTED, f"quantile without (week) (0.5,\n{weeks}\n)")
    yield Recording(RESIDUAL, f"{select(requests)} - {select(EXPECTED)}")
    past = select(RESIDUAL, over=_HISTORY, before="1h")
    a_day = f"{select(RESIDUAL, before='25h')}"
    yield Recording(
        DEVIATION,
        f"(\n  stddev_over_time({past})\n  > {_LEAST_DEVIATION} * {select(EXPECTED)}\n  or\n"
        f"  {_LEAST_DEVIATION} * {select(EXPECTED)}\n)\nand\n{a_day}",
    )
    width = f"{number(plan.objectives.anomaly_sensitivity)} * {select(DEVIATION)}"
    yield Recording(UPPER, f"{select(EXPECTED)} + {width}")
    yield Recording(LOWER, f"clamp_min({select(EXPECTED)} - {width}, 0)")


def traffic_alerts(plan: Plan) -> Iterator[Alert]:
    """Yield the alerts on traffic outside the band, and on traffic that stopped."""
    select = plan.select
    now = f"avg_over_time({select(JOB.requests, over='15m')})"
    expected = f"{select(EXPECTED)} > {_LEAST_RATE}"
    usual = asked(select(EXPECTED, *same(*JOB.labels)), RATE, "another number of")
    for side, condition in (("high", f"> {select(UPPER)}"), ("low", f"< {select(LOWER)}")):
        yield alert(
            plan,
            About("ApiTrafficAnomaly", "traffic", "trend"),
            f"{now} {condition}\nand\n{expected}",
            "warning" if side == "low" else "info",
            Text(
                f"{{{{ $labels.job }}}}: {THE_RATE} requests/s, unusually {side}",
                f"There are {THE_RATE} requests per second; at this hour of earlier weeks there were {usual}. Look"
                " first at which routes changed, then at who sends the requests, and at holidays and campaigns.",
            ),
            held="15m",
            labels={"side": side},
        )
    yield _stopped(plan)


def _stopped(plan: Plan) -> Alert:
    select = plan.select
    steady = f"min_over_time({select(JOB.requests, over='1h', before='15m')}) > {_STEADY_RATE}"
    hour = f"{select(JOB.requests, before='75m')}"
    return alert(
        plan,
        About("ApiTrafficStopped", "traffic", "trend"),
        f"{steady}\nand\n{hour}\nunless\n{select(JOB.requests)} > 0\nunless on ({JOB.by})\n{down(select)}\n"
        f"and on ({JOB.by})\n{present(select)}",
        "critical",
        Text(
            "{{ $labels.job }}: no requests any more",
            f"Not one request in 5 minutes, after an hour of never fewer than {THE_RATE} per second. The service is"
            " up: look first at what sends it its requests: DNS, certificates, load balancer, the last deployment.",
        ),
        held="5m",
    )
