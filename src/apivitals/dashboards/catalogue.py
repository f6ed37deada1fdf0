"""All dashboards, in the order in which they are read."""

from __future__ import annotations

from apivitals.dashboards.board import Board
from apivitals.dashboards.overview import OVERVIEW

BOARDS: tuple[Board, ...] = (OVERVIEW,)
