"""The samples that the other pages' values come from: how old they are, and what went wrong taking them."""

from __future__ import annotations

from apivitals.catalog.metric import Kind, Metric

SOURCE = "source"

UP = Metric(
    "apivitals.source.up", Kind.GAUGE, "", "1 if all of the source's last sample could be taken, else 0.", (SOURCE,)
)
AGE = Metric("apivitals.source.sample.age", Kind.GAUGE, "s", "Age of the source's last sample.", (SOURCE,))
ERRORS = Metric(
    "apivitals.source.errors",
    Kind.COUNTER,
    "{error}",
    "Parts of samples that could not be taken; what the source could take is shown all the same.",
    (SOURCE,),
)
LAST_ERROR = Metric(
    "apivitals.source.last_error.timestamp",
    Kind.GAUGE,
    "s",
    "When the source's last error was, in seconds since 1970, by the part it was in and its class.",
    (SOURCE, "part", "error.type"),
)
