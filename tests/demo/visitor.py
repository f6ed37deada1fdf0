"""The video shop in this process, and somebody who visits it."""

import asyncio
from contextlib import contextmanager

import httpx
from fastapi import FastAPI

from apivitals.demo.shop import assistant, catalogue, checkout, media, rentals, reports
from apivitals.demo.shop.cache import Cache


class Visitor:
    """Visits an app in this process, a request at a time, all of them in one event loop."""

    def __init__(self, app):
        self.app = app
        self._loop = asyncio.new_event_loop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def run(self, coroutine):
        return self._loop.run_until_complete(coroutine)

    def get(self, path, **request):
        return self.run(self._request("GET", path, **request))

    def post(self, path, **request):
        return self.run(self._request("POST", path, **request))

    async def _request(self, method, path, **request):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.request(method, path, **request)


@contextmanager
def open_shop(partner, database, cache_url):
    """Open the shop's routers with that database and cache, and with a partner that is reached as given."""
    app = FastAPI()
    app.include_router(catalogue.router, prefix="/videos")
    app.include_router(media.router, prefix="/videos/{video_id}")
    app.include_router(checkout.router)
    app.include_router(rentals.router)
    app.include_router(assistant.router)
    app.include_router(reports.router)
    app.state.database = database
    app.state.partner = httpx.AsyncClient(transport=partner, base_url="http://partner")
    app.state.cache = Cache(cache_url)
    with Visitor(app) as visitor:
        try:
            yield visitor
        finally:
            visitor.run(app.state.cache.close())
            visitor.run(app.state.partner.aclose())
