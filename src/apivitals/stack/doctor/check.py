"""The answer to one question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["ok", "warning", "problem", "skipped"]
_WIDE = len("problem")


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is, and what to do if that is not as it should be."""

    name: str
    status: Status
    message: str
    advice: str = ""

    def __str__(self) -> str:
        """Say it in a line."""
        text = f"{self.status:{_WIDE}}  {self.name}: {self.message}"
        return " ".join(f"{text}: {self.advice}".split("\n")) if self.advice else " ".join(text.split("\n"))

    def as_object(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def ok(name: str, message: str) -> Check:
    """Say that it is as it should be."""
    return Check(name, "ok", message)


def warning(name: str, message: str, advice: str) -> Check:
    """Say what may be meant so."""
    return Check(name, "warning", message, advice)


def problem(name: str, message: str, advice: str) -> Check:
    """Say what must be put right."""
    return Check(name, "problem", message, advice)


def skipped(name: str, message: str) -> Check:
    """Say why it was not looked at."""
    return Check(name, "skipped", message)


def listed(names: Iterable[str], most: int = 6) -> str:
    """Write names in a line, the first of many."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
