"""The generated rules: whether Prometheus has all of them, can evaluate them, and they give something."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.catalog.internal import BUILD_INFO
from apivitals.objectives import Objectives
from apivitals.slo.generator import rule_files
from apivitals.slo.rule import Recording, all_rules
from apivitals.slo.series import INSTRUMENTED
from apivitals.stack.doctor.check import Check, listed, ok, problem, skipped
from apivitals.stack.doctor.prometheus_api import LoadedRule, Prometheus, ScrapeTarget
from apivitals.stack.doctor.same_rule import differing

_GENERATE = "run apivitals generate, name its prometheus/rules/*.yml under rule_files, and reload Prometheus"


def rule_checks(prometheus: Prometheus, objectives: Objectives, target: ScrapeTarget | None) -> Iterator[Check]:
    """Compare the rules that are loaded with those that are generated.

    Raises:
        PrometheusError: it cannot be asked.
        CannotGenerateError: the objectives ask for rules that cannot work.
    """
    generated = all_rules(rule_files(objectives))
    wanted = [rule.record if isinstance(rule, Recording) else rule.name for rule in generated]
    loaded = prometheus.rules()
    there = {rule.name for rule in loaded}
    missing = [name for name in dict.fromkeys(wanted) if name not in there]
    count = len(set(wanted))
    if len(missing) == count:
        yield problem("rules", f"none of the {count} rules of apivitals is loaded", _GENERATE)
        yield skipped("rule contents", "no rules")
        yield skipped("rule health", "no rules")
        yield skipped("recorded series", "no rules")
        return
    if missing:
        yield problem("rules", f"{len(missing)} of {count} are not loaded: {listed(missing)}", _GENERATE)
    else:
        yield ok("rules", f"all {count} are loaded")
    if others := differing(generated, loaded):
        unlike = f"{len(others)} of {count} have other thresholds, windows or labels than generate would write now"
        yield problem("rule contents", f"{unlike}: {listed(others)}", _GENERATE)
    else:
        yield ok("rule contents", "as generate would write them now")
    ours = [rule for rule in loaded if rule.name in set(wanted)]
    yield _health(ours)
    yield _recorded(prometheus, objectives, target, ours)


def _health(rules: list[LoadedRule]) -> Check:
    name = "rule health"
    failing = [rule for rule in rules if rule.health == "err"]
    if failing:
        first = f"{failing[0].name}: {failing[0].last_error}"
        names = listed(dict.fromkeys(rule.name for rule in failing))
        return problem(name, f"{names} cannot be evaluated ({first})", "see the rules page of Prometheus")
    waiting = sum(rule.health == "unknown" for rule in rules)
    later = f"; {waiting} have not been evaluated yet" if waiting else ""
    return ok(name, f"no evaluation failed{later}")


def _recorded(
    prometheus: Prometheus, objectives: Objectives, target: ScrapeTarget | None, rules: list[LoadedRule]
) -> Check:
    """Ask for the first series, which all alerts on services begin with."""
    name = "recorded series"
    if target is None or target.health != "up":
        return skipped(name, "the service is not scraped")
    unlike = {key: value for key, value in objectives.selector.items() if target.labels.get(key) != value}
    if unlike:
        has = ", ".join(f"{key}: {target.labels.get(key, 'none')}" for key in unlike)
        asked = ", ".join(f"{key}: {value}" for key, value in unlike.items())
        advice = "change selector in apivitals.yaml and generate again, or the labels of the job in prometheus.yml"
        return problem(name, f"rules select {{{asked}}}, and the target has {{{has}}}", advice)
    job = target.labels.get("job", "")
    selector = f'{{job="{_escaped(job)}"}}'
    if prometheus.query(f"{INSTRUMENTED}{selector}"):
        return ok(name, f"{INSTRUMENTED} has {job}")
    if any(rule.health == "unknown" for rule in rules if rule.name == INSTRUMENTED):
        return skipped(name, "the first rules have not been evaluated yet")
    if not prometheus.query(f"{BUILD_INFO.exposed}{selector} offset 1m"):
        return skipped(name, "the service has been scraped for less than a minute")
    return problem(
        name, f"{INSTRUMENTED} does not have {job}", "see the rules page of Prometheus, and whether relabeling drops it"
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
