"""The video shop: the service that the demo measures. Its one line of apivitals is the last."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

import apivitals
from apivitals.demo.shop import assistant, catalogue, checkout, media, rentals, reports
from apivitals.demo.shop.cache import Cache
from apivitals.demo.shop.database import Database

_PARTNER_TIMEOUT_SECONDS = 5
"""Shorter than the visitors' ten: who waits for a partner that hangs is told so."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the shop's database and its connections to the cache and the partner; close them at the end."""
    database = Database(os.environ["VIDEO_SHOP_DATABASE"], os.environ.get("VIDEO_SHOP_DATABASE_PASSWORD_FILE"))
    database.fill()
    address = os.environ["VIDEO_SHOP_PARTNER_URL"]
    partner = httpx.AsyncClient(base_url=address, timeout=_PARTNER_TIMEOUT_SECONDS, trust_env=False)
    cache = Cache(os.environ["VIDEO_SHOP_CACHE_URL"])
    app.state.database, app.state.cache, app.state.partner = database, cache, partner
    async with partner:
        yield
    await cache.close()
    database.close()


app = FastAPI(title="Video shop", lifespan=lifespan)
app.include_router(catalogue.router, prefix="/videos")
app.include_router(media.router, prefix="/videos/{video_id}")
app.include_router(checkout.router)
app.include_router(rentals.router)
app.include_router(assistant.router)
app.include_router(reports.router)

apivitals.instrument(app)
