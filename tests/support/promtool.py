"""Questions to promtool about rules: are they well-formed, what fires on given series, and what it says."""

import re
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from apivitals.slo.intervals import COUNTS_SECONDS
from apivitals.slo.rule import Alert, Group, Recording, RuleFile
from tests.support.servers import needs

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ASKED = re.compile(r"^    name: (?P<case>.*),\n    alertname: (?P<alert>\w+), time: (?P<time>\w+), $", re.MULTILINE)
_FIRED = re.compile(r"^ +Labels:\{(?P<labels>.*)\}\n +Annotations:\{(?P<annotations>.*)\},?$", re.MULTILINE)
_SAMPLE = re.compile(r'(?:^|[\[ ])[\w:]*\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\} ([-+\d.eEINFa]+)', re.MULTILINE)
_PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Case:
    """Series, and when to look. Values are in promtool's notation: ``0+10x20``."""

    name: str
    series: Mapping[str, str]
    at: str
    fires: int | None = None
    """How many alerts are expected; None for at least one."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels that all of them have."""


@dataclass(frozen=True)
class Fired:
    """An alert that fired."""

    labels: dict[str, str]
    annotations: dict[str, str]


def check(files: Iterable[Path]) -> str:
    """Return what promtool has against the files; empty for nothing."""
    needs("promtool")
    command = ["promtool", "check", "rules", "--lint=all", "--lint-fatal", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def fired(  # noqa: PLR0913  # options of tests
    files: Iterable[RuleFile],
    alert: str,
    cases: Iterable[Case],
    *,
    interval: str = "30s",
    matching: Mapping[str, str] | None = None,
    texts: bool = False,
) -> dict[str, list[Fired]]:
    """Evaluate the rules that an alert needs, on each case's series, and return what fired."""
    cases = list(cases)
    groups = list(
        _needed(
            files,
            alert,
            {name for case in cases for s in case.series for name in _NAME.findall(s)[:1]},
            matching or {},
            texts=texts,
        )
    )
    if not groups:
        raise AssertionError(f"no rule makes {alert}")
    content = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": interval,
        "group_eval_order": [group.name for group in groups],
        "tests": [
            {
                "name": case.name,
                "interval": interval,
                "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
                "alert_rule_test": [{"eval_time": case.at, "alertname": alert, "exp_alerts": []}],
            }
            for case in cases
        ],
    }
    said = run_tests(content, [_counting_at(interval, group) for group in groups])
    found: dict[str, list[Fired]] = {case.name: [] for case in cases}
    parts = list(_ASKED.finditer(said))
    ends = [*(following.start() for following in parts[1:]), len(said)][: len(parts)]
    for part, end in zip(parts, ends, strict=True):
        for one in _FIRED.finditer(said, part.end(), end):
            found[part["case"]].append(Fired(_pairs(one["labels"]), _pairs(one["annotations"])))
    return found


def evaluated(
    expression: str, series: Mapping[str, str], at: str, interval: str = "5m"
) -> list[tuple[dict[str, str], float]]:
    """Evaluate a query once, on series alone: labels and value of each result."""
    asked = {"expr": expression, "eval_time": at, "exp_samples": [{"labels": "nothing_like_it", "value": 0}]}
    test = {
        "interval": interval,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [asked],
    }
    said = run_tests({"rule_files": [], "evaluation_interval": interval, "tests": [test]}, [])
    got = said.rpartition("got:")[2]
    return [(_pairs(labels), float(value)) for labels, value in _SAMPLE.findall(got)]


def recorded(
    files: Iterable[RuleFile], names: Iterable[str], series: Mapping[str, str], at: str, interval: str = "30s"
) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Evaluate the rules that make `names`, and return what these are at the time: labels and value of each series."""
    names = list(names)
    groups = [_counting_at(interval, group) for group in recordings(files, names)]
    nothing = [{"labels": "nothing_like_it", "value": 0}]
    content = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": interval,
        "group_eval_order": [group.name for group in groups],
        "tests": [
            {
                "interval": interval,
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [{"expr": name, "eval_time": at, "exp_samples": nothing} for name in names],
            }
        ],
    }
    parts = run_tests(content, groups).split("expr: ")[1:]
    found = {name: part.rpartition("got:")[2] for name, part in zip(names, parts, strict=True)}
    return {
        name: [(_pairs(labels), float(value)) for labels, value in _SAMPLE.findall(got)] for name, got in found.items()
    }


def run_tests(content: object, groups: Iterable[Group]) -> str:
    """Run a test file of promtool's with these rules, and return what it said; failed expectations are let pass."""
    needs("promtool")
    with tempfile.TemporaryDirectory(prefix="promtool-") as directory:
        rules, test = Path(directory, "rules.yml"), Path(directory, "test.yml")
        rules.write_text(yaml.safe_dump({"groups": [group.content() for group in groups]}))
        test.write_text(yaml.safe_dump(content))
        done = subprocess.run(["promtool", "test", "rules", test], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    if done.returncode != 0 and not _ASKED.search(said) and "got:" not in said:
        raise AssertionError(said)
    if re.search(r"level=\w+ .*err", said):
        raise AssertionError(said)
    return said


def _counting_at(interval: str, group: Group) -> Group:
    """Promtool evaluates every group at the one interval; what counts by its group's own must count by that."""
    seconds = int(interval[:-1]) * {"s": 1, "m": 60}[interval[-1]]
    counted = [
        replace(rule, expr=rule.expr.replace(f"* {COUNTS_SECONDS}", f"* {seconds}"))
        if isinstance(rule, Recording) and rule.record.endswith(":increase2m")
        else rule
        for rule in group.rules
    ]
    return replace(group, rules=tuple(counted))


def recordings(files: Iterable[RuleFile], names: Collection[str], given: Collection[str] = ()) -> list[Group]:
    """Return the groups with the recording rules that `names` need, but for those of series that are `given`."""
    return list(_reduced(files, set(names), set(given), lambda _: False))


def _needed(
    files: Iterable[RuleFile], alert: str, given: Collection[str], matching: Mapping[str, str], *, texts: bool
) -> Iterator[Group]:
    files = list(files)

    def wanted(rule: Recording | Alert) -> bool:
        return isinstance(rule, Alert) and rule.name == alert and matching.items() <= dict(rule.labels).items()

    names: set[str] = set()
    for rule in (rule for file in files for group in file.groups for rule in group.rules if wanted(rule)):
        names |= set(_NAME.findall(rule.expr))
        if texts and isinstance(rule, Alert):
            names |= {name for text in rule.annotations.values() for name in _NAME.findall(text)}
    yield from _reduced(files, names, set(given), wanted)


def _reduced(files, names, given, wanted) -> Iterator[Group]:
    files, before = list(files), -1
    made = [rule for file in files for group in file.groups for rule in group.rules if isinstance(rule, Recording)]
    while len(names) != before:
        before = len(names)
        for rule in made:
            if rule.record in names - given:
                names |= set(_NAME.findall(rule.expr))
    for group in (group for file in files for group in file.groups):
        kept = tuple(
            rule
            for rule in group.rules
            if (isinstance(rule, Recording) and rule.record in names - given) or wanted(rule)
        )
        if kept:
            yield Group(group.name, group.interval, kept)


def _pairs(text: str) -> dict[str, str]:
    return {
        name: value.encode().decode("unicode_escape").encode("latin-1", "ignore").decode("utf-8", "ignore")
        for name, value in _PAIR.findall(text)
    }
