"""Bodies of one route: how large they are, and how much they are together."""

from __future__ import annotations

from apivitals.catalog import http
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_route, quantile_of_route, rate
from apivitals.slo.promql import bucket, total

SIZES = Row(
    "Sizes",
    (
        Lines(
            title="Response size",
            description="p50 and p95 of what was sent, counted from the chunks. If it grows with the data, the route"
            " wants pages; if it is large text, compression.",
            unit="bytes",
            queries=(
                Query(quantile_of_route("0.95", bucket(http.RESPONSE_BODY_SIZE)), "p95"),
                Query(quantile_of_route("0.5", bucket(http.RESPONSE_BODY_SIZE)), "p50"),
            ),
            colours={"p95": "blue", "p50": "super-light-blue"},
            least=0,
        ),
        Lines(
            title="Request size",
            description="p50 and p95 of what was received and read. Uploads that grow take memory where they are read"
            " as a whole.",
            unit="bytes",
            queries=(
                Query(quantile_of_route("0.95", bucket(http.REQUEST_BODY_SIZE)), "p95"),
                Query(quantile_of_route("0.5", bucket(http.REQUEST_BODY_SIZE)), "p50"),
            ),
            colours={"p95": "purple", "p50": "super-light-purple"},
            least=0,
        ),
        Lines(
            title="Bytes per second",
            description="Bodies sent and received by this route. Set against the network of the machine, it says who"
            " fills it.",
            unit="Bps",
            queries=(
                Query(f"sum({rate(of_route(total(http.RESPONSE_BODY_SIZE)))})", "sent"),
                Query(f"sum({rate(of_route(total(http.REQUEST_BODY_SIZE)))})", "received"),
            ),
            colours={"sent": "blue", "received": "purple"},
            least=0,
        ),
    ),
)
