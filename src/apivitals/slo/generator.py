"""The rule files of a service, from its objectives: layers in groups, groups in files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from apivitals.objectives import Objectives
from apivitals.slo.burn_rate import burn_rate_alerts
from apivitals.slo.intervals import COUNTS_SECONDS, RATES_SECONDS
from apivitals.slo.monitoring import monitoring_alerts
from apivitals.slo.plan import Plan, plan_of
from apivitals.slo.promql import duration
from apivitals.slo.recording.breakdown import breakdown_rules
from apivitals.slo.recording.objectives import long_rules, short_rules
from apivitals.slo.recording.requests import request_rules
from apivitals.slo.recording.resources import gpu_rules, in_flight_rules, resource_rules
from apivitals.slo.recording.service import health_rules, rating_rules, sla_rules
from apivitals.slo.recording.thresholds import class_threshold_rules, threshold_rules
from apivitals.slo.recording.work import cache_rules, gen_ai_rules, media_rules
from apivitals.slo.rule import Alert, Group, Recording, RuleFile
from apivitals.slo.targets import target_rules
from apivitals.slo.thresholds.agreement import agreement_alerts
from apivitals.slo.thresholds.gpu import gpu_alerts
from apivitals.slo.thresholds.machine import machine_alerts
from apivitals.slo.thresholds.requests import request_alerts
from apivitals.slo.thresholds.runtime import runtime_alerts, waiting_alerts
from apivitals.slo.thresholds.work import cache_alerts, gen_ai_alerts
from apivitals.slo.trends.degradation import degradation_alerts, degradation_rules
from apivitals.slo.trends.forecast import budget_forecasts, resource_forecasts
from apivitals.slo.trends.traffic import season_rules, traffic_alerts

_EVERY_RATE, _EVERY_COUNT, _EVERY_MINUTE = duration(RATES_SECONDS), duration(COUNTS_SECONDS), "1m"
Rules = Iterable[Recording | Alert]


def rule_files(objectives: Objectives) -> tuple[RuleFile, ...]:
    """Generate the rule files.

    Raises:
        CannotGenerateError: the objectives ask for rules that cannot work.
    """
    plan = plan_of(objectives)
    parts = (
        ("recording", "What dashboards show and alerts compare", _recording(plan)),
        ("objectives", "Objectives, error budgets and the service agreement", _objectives(plan)),
        ("thresholds", "Alerts on values past a threshold", _thresholds(plan)),
        ("trends", "Alerts on change, which need a past", _trends(plan)),
        ("monitoring", "Alerts on the monitoring itself", _monitoring(plan)),
    )
    files = (RuleFile(name, title, tuple(group for group in groups if group.rules)) for name, title, groups in parts)
    return tuple(file for file in files if file.groups)


def _recording(plan: Plan) -> Iterator[Group]:
    features, select = plan.objectives.features, plan.select
    yield _group(plan, "targets", _EVERY_RATE, target_rules(select))
    yield _group(plan, "requests", _EVERY_RATE, [*request_rules(select), *in_flight_rules(select)])
    yield _group(plan, "breakdown", _EVERY_RATE, breakdown_rules(select))
    if features.resources:
        yield _group(plan, "resources", _EVERY_RATE, resource_rules(select))
    if features.gpu:
        yield _group(plan, "gpu", _EVERY_RATE, gpu_rules(select))
    if features.cache:
        yield _group(plan, "cache", _EVERY_RATE, cache_rules(select))
    if features.gen_ai:
        yield _group(plan, "gen-ai", _EVERY_RATE, [*gen_ai_rules(select), *media_rules(select)])
    yield _group(plan, "health", _EVERY_RATE, [*rating_rules(plan), *health_rules(plan)])
    yield _group(plan, "thresholds", _EVERY_RATE, [*threshold_rules(plan), *class_threshold_rules(plan)])


def _objectives(plan: Plan) -> Iterator[Group]:
    if plan.objectives.features.slo:
        yield _group(plan, "objectives", _EVERY_RATE, short_rules(plan))
        yield _group(plan, "budgets", _EVERY_COUNT, long_rules(plan))
        yield _group(plan, "burn-rates", _EVERY_RATE, burn_rate_alerts(plan))
        yield _group(plan, "agreement", _EVERY_COUNT, [*sla_rules(plan), *agreement_alerts(plan)])


def _thresholds(plan: Plan) -> Iterator[Group]:
    features = plan.objectives.features
    if features.thresholds:
        yield _group(plan, "request-alerts", _EVERY_RATE, [*request_alerts(plan), *waiting_alerts(plan)])
    if features.resources:
        yield _group(plan, "resource-alerts", _EVERY_RATE, [*runtime_alerts(plan), *machine_alerts(plan)])
    if features.gpu:
        yield _group(plan, "gpu-alerts", _EVERY_RATE, gpu_alerts(plan))
    if features.gen_ai:
        yield _group(plan, "gen-ai-alerts", _EVERY_RATE, gen_ai_alerts(plan))
    if features.cache:
        yield _group(plan, "cache-alerts", _EVERY_RATE, cache_alerts(plan))


def _trends(plan: Plan) -> Iterator[Group]:
    features = plan.objectives.features
    if not features.trends:
        return
    yield _group(plan, "season", _EVERY_MINUTE, season_rules(plan))
    yield _group(plan, "traffic-trends", _EVERY_MINUTE, traffic_alerts(plan))
    degradation: list[Recording | Alert] = [*degradation_rules(plan.select), *degradation_alerts(plan)]
    yield _group(plan, "degradation", _EVERY_MINUTE, degradation)
    if features.resources:
        yield _group(plan, "resource-forecasts", _EVERY_MINUTE, resource_forecasts(plan))
    if features.slo:
        yield _group(plan, "budget-forecasts", _EVERY_MINUTE, budget_forecasts(plan))


def _monitoring(plan: Plan) -> Iterator[Group]:
    if plan.objectives.features.monitoring:
        yield _group(plan, "monitoring", _EVERY_RATE, monitoring_alerts(plan))


def _group(plan: Plan, name: str, interval: str, rules: Rules) -> Group:
    return Group(f"apivitals-{name}", interval, tuple(_selected(plan, rule) for rule in rules))


def _selected(plan: Plan, rule: Recording | Alert) -> Recording | Alert:
    """Give what is recorded the selector's labels, by which other rules then select it."""
    selector = plan.objectives.selector
    return replace(rule, labels={**selector, **rule.labels}) if selector and isinstance(rule, Recording) else rule
