"""A service that takes alerts, and tells which; its second callback fails at the first alert that it is given."""

import os
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import apivitals

taken: list[tuple[str, str, str]] = []
failures = [ConnectionError("the pager is not there")]


async def tell(request: Request) -> JSONResponse:
    return JSONResponse(taken)


app: Any = Starlette(routes=[Route("/taken", tell)])
vitals = apivitals.instrument(app, alert_webhook=True, alert_webhook_token=os.environ["TOKEN"])


@vitals.on_alert
def steady(alert: apivitals.Alert) -> None:
    taken.append(("steady", alert.name, alert.status))


@vitals.on_alert
async def shaky(alert: apivitals.Alert) -> None:
    if failures:
        raise failures.pop()
    taken.append(("shaky", alert.name, alert.status))
