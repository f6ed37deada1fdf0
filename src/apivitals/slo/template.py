"""Texts of alerts: templates that Prometheus fills in, with queries of their own for the numbers that matter."""

from __future__ import annotations

import re

RATE = '{{ . | first | value | printf "%.2f" }}'
COUNT = '{{ . | first | value | printf "%.0f" }}'
PERCENTAGE = "{{ . | first | value | humanizePercentage }}"
DURATION = "{{ . | first | value | humanizeDuration }}"
THE_PERCENTAGE = "{{ $value | humanizePercentage }}"
THE_DURATION = "{{ $value | humanizeDuration }}"
THE_RATE = '{{ $value | printf "%.2f" }}'
THE_COUNT = '{{ $value | printf "%.0f" }}'

_LABEL = re.compile(r'"\$(\w+)"')


def literal(text: str) -> str:
    """Write a text so that a template shows it as it is."""
    return text.replace("{{", '{{ "{{" }}')


def label(name: str) -> str:
    """Show a label of the alert."""
    return f"{{{{ $labels.{name} }}}}"


def of(name: str) -> str:
    """Show a label of a query's first series."""
    return f'{{{{ . | first | label "{name}" }}}}'


def asked(query: str, shown: str, otherwise: str = "") -> str:
    """Show what `query` gives, or `otherwise` when it gives nothing. In it, ``"$job"`` is the alert's label `job`."""
    form = _LABEL.sub("%q", query.replace("%", "%%").replace("`", r"\x60"))
    arguments = "".join(f" $labels.{name}" for name in _LABEL.findall(query))
    without = f"{{{{ else }}}}{otherwise}" if otherwise else ""
    return f"{{{{ with printf `{form}`{arguments} | query }}}}{shown}{without}{{{{ end }}}}"


def same(*names: str) -> tuple[str, ...]:
    """Match the alert's own labels, for a query of `asked`."""
    return tuple(f'{name}="${name}"' for name in names)
