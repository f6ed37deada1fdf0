"""All dashboards, in the order in which they are read."""

from __future__ import annotations

from apivitals.dashboards.ai import AI
from apivitals.dashboards.board import Board
from apivitals.dashboards.gpu import GPU
from apivitals.dashboards.monitoring import MONITORING
from apivitals.dashboards.overview import OVERVIEW
from apivitals.dashboards.resources import RESOURCES
from apivitals.dashboards.route import ROUTE
from apivitals.dashboards.runtime import RUNTIME
from apivitals.dashboards.slo import SLO

BOARDS: tuple[Board, ...] = (OVERVIEW, ROUTE, SLO, RESOURCES, GPU, RUNTIME, AI, MONITORING)
