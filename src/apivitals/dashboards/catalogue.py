"""All dashboards, in the order in which they are read."""

from __future__ import annotations

from apivitals.dashboards.board import Board
from apivitals.dashboards.overview import OVERVIEW
from apivitals.dashboards.route import ROUTE
from apivitals.dashboards.slo import SLO

BOARDS: tuple[Board, ...] = (OVERVIEW, ROUTE, SLO)
