"""Two applications beside each other, each with metrics of its own, in a parent that has none."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import apivitals


async def hello(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


films = Starlette(routes=[Route("/film", hello)])
books = Starlette(routes=[Route("/book", hello)])
apivitals.instrument(films)
apivitals.instrument(books)
app = Starlette(routes=[Mount("/films", films), Mount("/books", books)])
