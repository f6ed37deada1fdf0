"""Values with their units, as Grafana writes them: 0.0123 s is ``12.3 ms``, 1536 bytes are ``1.50 KiB``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

_ENOUGH = 2.25
_SECONDS = (
    (1e-6, 1e-9, " ns"),
    (1e-3, 1e-6, " µs"),
    (1, 1e-3, " ms"),
    (60, 1, " s"),
    (3600, 60, " mins"),
    (86400, 3600, " hours"),
    (604800, 86400, " days"),
    (31536000, 604800, " weeks"),
    (math.inf, 3.15569e7, " years"),
)
_LONG = (
    *((31536000, "year"), (2592000, "month"), (604800, "week"), (86400, "day")),
    *((3600, "hour"), (60, "minute"), (1, "second"), (0.001, "millisecond")),
)
_SI = ("", " k", " M", " G", " T", " P")
_IEC = (" ", " Ki", " Mi", " Gi", " Ti", " Pi")
_SHORT = ("", " K", " Mil", " Bil", " Tri")
_COUNTS = ("", "K", "M", "B", "T")


@dataclass(frozen=True)
class Text:
    """A value's number and what goes with it."""

    number: str
    suffix: str = ""

    def __str__(self) -> str:
        return self.number + self.suffix


Format = Callable[[float, "int | None"], Text]


def formatted(value: float, unit: str = "", decimals: int | None = None) -> Text:
    """Write a value in a unit by Grafana's id for it (``s``, ``percentunit``, ``reqps``)."""
    if math.isnan(value):
        return Text("NaN")
    if math.isinf(value):
        return Text("+Inf" if value > 0 else "-Inf")
    return _format(unit)(value, decimals)


def is_known(unit: str) -> bool:
    """Say whether this module knows how Grafana writes the unit."""
    return unit in _UNITS or unit.partition(":")[0] in {"suffix", "prefix", "count"}


def _format(unit: str) -> Format:
    key, _, rest = unit.partition(":")
    if unit not in _UNITS and rest:
        own: dict[str, Format] = {
            "suffix": _times(1, f" {rest}"),
            "prefix": lambda value, decimals: Text(rest + _fixed(value, decimals)),
            "count": _counted(rest),
        }
        return own.get(key, _times(1, f" {unit}"))
    return _UNITS.get(unit) or _times(1, f" {unit}")


def _fixed(value: float, decimals: int | None) -> str:
    digits = _decimals(value) if decimals is None else decimals
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _decimals(value: float) -> int:
    """Choose three digits, about, of which none is after a point that says nothing."""
    if value == 0 or value % 1 == 0:
        return 0
    digits: int = 1 - math.floor(math.log10(abs(value)))
    # Of the magnitude's own unit, anything past 2.25 takes one more.
    return max(0, digits + int(abs(value) * 10.0**digits > _ENOUGH))


def _scaled(factor: float, names: Sequence[str], smaller: Sequence[str] = ()) -> Format:
    every = [*reversed(smaller), *names]

    def write(value: float, decimals: int | None) -> Text:
        power = math.floor(math.log(abs(value), factor) + 1e-12) if value else 0
        power = min(max(power, -len(smaller)), len(names) - 1)
        return Text(_fixed(value / factor**power, decimals), every[len(smaller) + power])

    return write


def _seconds(value: float, decimals: int | None) -> Text:
    if value == 0:
        return Text("0", " s")
    for below, unit, name in _SECONDS:
        if abs(value) < below:
            return Text(_fixed(value / unit, decimals), name)
    raise AssertionError("the last border is infinite")


def _duration(value: float, decimals: int | None) -> Text:
    if value == 0:
        return Text("0 seconds")
    parts: list[str] = []
    left = abs(value)
    for seconds, name in _LONG:
        if parts or left >= seconds:
            count, left = int(left // seconds), left % seconds
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
            if len(parts) > (decimals or 0):
                break
    return Text(", ".join(parts) + (" ago" if value < 0 else ""))


def _clock(value: float, _: int | None) -> Text:
    minutes, seconds = divmod(int(value), 60)
    return Text(f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}")


def _days_and_clock(value: float, _: int | None) -> Text:
    days, rest = divmod(int(value), 86400)
    return Text((f"{days} d " if days else "") + str(_clock(rest, None)))


def _date(milliseconds: float, _: int | None) -> Text:
    return Text(datetime.fromtimestamp(milliseconds / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S"))


def _times(factor: float, name: str) -> Format:
    return lambda value, decimals: Text(_fixed(value * factor, decimals), name)


def _counted(name: str) -> Format:
    return _scaled(1000, [f"{one} {name}" for one in _COUNTS])


def _choice(yes: str, no: str) -> Format:
    return lambda value, _: Text(yes if value else no)


def _si(name: str) -> Format:
    return _scaled(1000, [f"{one or ' '}{name}" for one in _SI], [f" m{name}", f" µ{name}", f" n{name}"])


def _bytes(name: str, *, binary: bool) -> Format:
    if binary:
        return _scaled(1024, [one + name for one in _IEC])
    return _scaled(1000, [(one or " ") + name for one in _SI])


_UNITS: dict[str, Format] = {
    "": _times(1, ""),
    "none": _times(1, ""),
    "string": lambda value, _: Text(f"{value:g}"),
    "short": _scaled(1000, _SHORT),
    "sishort": _scaled(1000, _SI),
    "percent": _times(1, "%"),
    "percentunit": _times(100, "%"),
    "s": _seconds,
    "ms": lambda value, decimals: _seconds(value / 1000, decimals),
    "dtdurations": _duration,
    "dthms": _clock,
    "dtdhms": _days_and_clock,
    "clocks": _clock,
    "dateTimeAsIso": _date,
    "bytes": _bytes("B", binary=True),
    "decbytes": _bytes("B", binary=False),
    "binBps": _bytes("B/s", binary=True),
    "Bps": _bytes("B/s", binary=False),
    "bps": _bytes("b/s", binary=False),
    "reqps": _counted("req/s"),
    "ops": _counted("ops/s"),
    "cps": _counted("c/s"),
    "rps": _counted("rd/s"),
    "wps": _counted("wr/s"),
    "iops": _counted("io/s"),
    "eps": _counted("evt/s"),
    "mps": _counted("msg/s"),
    "pps": _counted("p/s"),
    "fps": _times(1, " fps"),
    "framespersec": _times(1, " fps"),
    "hertz": _si("Hz"),
    "rotrpm": _si("rpm"),
    "watt": _si("W"),
    "joule": _si("J"),
    "celsius": _times(1, " °C"),
    "bool": _choice("True", "False"),
    "bool_yes_no": _choice("Yes", "No"),
    "bool_on_off": _choice("On", "Off"),
    "currencyUSD": lambda value, decimals: Text("$" + _fixed(value, decimals)),
}
