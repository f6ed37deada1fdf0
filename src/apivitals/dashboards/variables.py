"""What a dashboard can be narrowed down to. Each variable has the name of the label that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from apivitals.catalog import gen_ai, gpu, http, internal, label_name
from apivitals.dashboards.drawing import DATASOURCE
from apivitals.dashboards.selection import JOB_MATCHER, METHOD_MATCHER
from apivitals.slo.promql import Select, count
from apivitals.slo.series import INSTANCE_LABEL, JOB_LABEL, METHOD, PRIORITY, ROUTE

_EVERYTHING = ".+"
_SELECT = Select({})
_REQUESTS = count(http.REQUEST_DURATION)
_PROVIDER, _MODEL, _FEATURE = map(label_name, (gen_ai.PROVIDER, gen_ai.MODEL, gen_ai.FEATURE))
_GPU = label_name(gpu.INDEX)


@dataclass(frozen=True)
class Variable:
    """A label whose values can be chosen; of a `single` one exactly one value is."""

    label: str
    title: str
    series: str
    single: bool = False
    everything: str = _EVERYTHING
    """``.*`` for a label that may be empty."""

    @property
    def query(self) -> str:
        """The values that there are, as Grafana asks Prometheus for them."""
        return f"label_values({self.series}, {self.label})"


_BUILD = internal.BUILD_INFO
JOB = Variable(JOB_LABEL, "Service", _BUILD.exposed)
INSTANCE = Variable(INSTANCE_LABEL, "Instance", _SELECT(_BUILD, JOB_MATCHER))
CLASS = Variable(PRIORITY, "Priority", _SELECT(_REQUESTS, JOB_MATCHER))
ONE_ROUTE = Variable(ROUTE, "Route", _SELECT(_REQUESTS, JOB_MATCHER, f'{ROUTE}!=""'), single=True)
METHODS = Variable(METHOD, "Method", _SELECT(_REQUESTS, JOB_MATCHER, f'{ROUTE}="${ROUTE}"'))
GPU = Variable(_GPU, "GPU", _SELECT(gpu.UTILIZATION, JOB_MATCHER))
_CALLS = count(gen_ai.OPERATION_DURATION)
PROVIDER = Variable(_PROVIDER, "Provider", _SELECT(_CALLS, JOB_MATCHER), everything=".*")
MODEL = Variable(_MODEL, "Model", _SELECT(_CALLS, JOB_MATCHER), everything=".*")
FEATURE = Variable(_FEATURE, "Feature", _SELECT(_CALLS, JOB_MATCHER), everything=".*")

__all__ = [
    "CLASS",
    "FEATURE",
    "GPU",
    "INSTANCE",
    "JOB",
    "METHODS",
    "METHOD_MATCHER",
    "MODEL",
    "ONE_ROUTE",
    "PROVIDER",
    "Variable",
    "datasource_variable",
    "label_variable",
]


def datasource_variable() -> Any:
    """Let the reader choose among several Prometheus servers."""
    return (
        dashboard.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(models.VariableOption(selected=False, text="Prometheus", value="prometheus"))
    )


def label_variable(variable: Variable) -> Any:
    """Return the builder of a variable."""
    builder = (
        dashboard.QueryVariable(variable.label)
        .label(variable.title)
        .datasource(DATASOURCE)
        .definition(variable.query)
        .query({"query": variable.query, "refId": f"Prometheus-{variable.label}"})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    if variable.single:
        return builder.multi(multi=False).include_all(include_all=False)
    every = models.VariableOption(selected=True, text=["All"], value=["$__all"])
    return builder.multi(multi=True).include_all(include_all=True).all_value(variable.everything).current(every)
