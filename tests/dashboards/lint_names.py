"""Rules for what queries name."""

from collections.abc import Iterator

from tests.dashboards.vocabulary import OF_A_TARGET, is_of_the_monitoring, vocabulary
from tests.support.dashboards import Dashboard, queries
from tests.support.promql import Selector, names


def metrics_are_known(dashboard: Dashboard) -> Iterator[str]:
    """In the catalog, recorded by the shipped rules, or of Prometheus and Alertmanager themselves."""
    for query in queries(dashboard):
        for selector in names(query.expr).selectors:
            if selector.metric not in vocabulary() and not is_of_the_monitoring(selector.metric):
                yield f"{query.where}: no series is called {selector.metric or dict.fromkeys(selector.matchers)}"


def labels_are_known(dashboard: Dashboard) -> Iterator[str]:
    """A selector's are those of its metric; what a query groups or joins by is on a metric of it, or made by it."""
    for query in queries(dashboard):
        found = names(query.expr)
        there = set(found.made)
        for selector in found.selectors:
            there |= _labels(selector)
            for matcher in selector.matchers:
                if matcher.label not in {"__name__", *_labels(selector)} and not is_of_the_monitoring(selector.metric):
                    yield f"{query.where}: {selector.metric} has no label {matcher.label}"
        if any(is_of_the_monitoring(selector.metric) for selector in found.selectors):
            continue
        yield from (f"{query.where}: no series in it has the label {label}" for label in sorted(found.grouped - there))


def legends_have_their_labels(dashboard: Dashboard) -> Iterator[str]:
    """What a legend names has to be on the series, or the legend has a gap."""
    for query in queries(dashboard):
        if query.target is None or "{{" not in query.target.legend:
            continue
        found = names(query.expr)
        there = set(found.made).union(*map(_labels, found.selectors))
        if any(is_of_the_monitoring(selector.metric) for selector in found.selectors):
            continue
        for label in _placeholders(query.target.legend) - there:
            yield f"{query.where}: its legend has {label}, which no series in it has"


def _labels(selector: Selector) -> frozenset[str]:
    return vocabulary().get(selector.metric, OF_A_TARGET)


def _placeholders(legend: str) -> set[str]:
    return {part.partition("}}")[0].strip() for part in legend.split("{{")[1:]}


RULES = (metrics_are_known, labels_are_known, legends_have_their_labels)
