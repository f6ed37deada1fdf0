"""Rules and routing, faster: every duration divided, and nothing else changed.

A test cannot wait for windows of minutes. Series are what they were, seconds of response time too; only what looks
back, waits and repeats does so by less.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from apivitals.slo.intervals import COUNTS_SECONDS, RATES_SECONDS, WINDOW_SECONDS

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION = re.compile(r"(\d+)(ms|[smhdw])")
_RANGE = re.compile(r"(?<=\[)\d+[a-z]+(?=[\]:])|(?<=:)\d+[a-z]+(?=\])|(?<= offset )\d+[a-z]+\b")
_AS_NUMBER = re.compile(rf"(?<=[*/] )(?:{RATES_SECONDS}|{COUNTS_SECONDS}|{WINDOW_SECONDS})(?![\d.])")
_AHEAD = re.compile(r"(?<=\], )\d+(?=\))")
"""How far `predict_linear` looks."""
_TIMES = ("group_wait", "group_interval", "repeat_interval")


class TimeLapse:
    """Divides durations by `factor`."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def duration(self, text: str) -> str:
        """Divide one, as Prometheus writes it.

        Raises:
            ValueError: it is none.
        """
        found = _DURATION.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no duration of one unit")
        milliseconds = max(int(found[1]) * _UNITS[found[2]] // self.factor, 1 if int(found[1]) else 0)
        return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"

    def query(self, text: str) -> str:
        """Divide windows, offsets, and the seconds of windows where a query has them as numbers."""
        text = _RANGE.sub(lambda found: self.duration(found[0]), text)
        for numbers in (_AS_NUMBER, _AHEAD):
            text = numbers.sub(lambda found: f"{int(found[0]) / self.factor:g}", text)
        return text

    def rules(self, files: Iterable[Path]) -> None:
        """Divide in rule files, in place."""
        for file in files:
            content = yaml.safe_load(file.read_text())
            for group in content["groups"]:
                group["interval"] = self.duration(group["interval"])
                for rule in group["rules"]:
                    self._rule(rule)
            file.write_text(yaml.safe_dump(content, sort_keys=False))

    def alertmanager(self, file: Path) -> None:
        """Divide in Alertmanager's configuration, in place."""
        content = yaml.safe_load(file.read_text())
        self._route(content["route"])
        file.write_text(yaml.safe_dump(content, sort_keys=False))

    def _rule(self, rule: dict[str, Any]) -> None:
        rule["expr"] = self.query(rule["expr"])
        if "for" in rule:
            rule["for"] = self.duration(rule["for"])
        for name, text in rule.get("annotations", {}).items():
            rule["annotations"][name] = _RANGE.sub(lambda found: self.duration(found[0]), text)

    def _route(self, route: dict[str, Any]) -> None:
        for time in set(_TIMES) & set(route):
            route[time] = self.duration(route[time])
        for below in route.get("routes", ()):
            self._route(below)
