"""What visitors of the video shop do, and how often: each kind of visit, and their order."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import httpx

from apivitals.demo.clip import make_clip

_GENRES = ("comedy", "crime", "documentary", "drama", "thriller", "western")
_WORDS = ("winter", "garden", "midnight", "last witness", "orchestra", "100%")
_VIDEOS = 400
_CUSTOMERS = 1_000
_TALKED_ABOUT = 20
"""Films that everybody wants to know more about."""
_BYTES_BEFORE_LEAVING = 100_000
_FRAMES = 12
_BYTES_LOST = 1_000


@dataclass(frozen=True)
class Visit:
    """A kind of request; of ``sum(weights)`` visits, ``weight`` are of this kind."""

    name: str
    weight: int
    perform: Callable[[httpx.AsyncClient, int], Awaitable[object]]
    """Called with the client and the visit's number."""


async def _list(client: httpx.AsyncClient, number: int) -> None:
    await client.get("/videos", params={"genre": _GENRES[number % len(_GENRES)], "page": 1 + number % 3})


async def _show(client: httpx.AsyncClient, number: int) -> None:
    await client.get(f"/videos/{_video(number)}")


async def _show_missing(client: httpx.AsyncClient, number: int) -> None:
    await client.get(f"/videos/{_VIDEOS + 1 + number}")


async def _search(client: httpx.AsyncClient, number: int) -> None:
    await client.get("/videos/search", params={"words": _WORDS[number % len(_WORDS)]})


async def _check_out(client: httpx.AsyncClient, number: int) -> None:
    # uvicorn hangs up after an exception that nobody handled; whoever used the connection next would get no answer.
    headers = {"connection": "close"}
    order = {"video_id": _video(number), "customer_id": number % _CUSTOMERS}
    await client.post("/checkout", json=order, headers=headers)


async def _rentals(client: httpx.AsyncClient, number: int) -> None:
    await client.get(f"/rentals/{number % _CUSTOMERS}")


async def _synopsis(client: httpx.AsyncClient, number: int) -> None:
    await client.get(f"/videos/{1 + number % _TALKED_ABOUT}/synopsis")


async def _ask(client: httpx.AsyncClient, number: int) -> None:
    async with client.stream(
        "POST", "/concierge", json={"text": f"What do you advise for evening {number}?"}
    ) as answer:
        async for _ in answer.aiter_raw():
            pass


async def _upload(client: httpx.AsyncClient, number: int) -> None:
    await _send_trailer(client, number, make_clip(_FRAMES, number))


async def _upload_damaged(client: httpx.AsyncClient, number: int) -> None:
    await _send_trailer(client, number, make_clip(_FRAMES, number)[:-_BYTES_LOST])


async def _send_trailer(client: httpx.AsyncClient, number: int, clip: bytes) -> None:
    await client.post(f"/videos/{_video(number)}/trailer", files={"file": ("trailer.y4m", clip)})


async def _watch(client: httpx.AsyncClient, number: int) -> None:
    async with client.stream("GET", f"/videos/{_video(number)}/stream") as response:
        async for _ in response.aiter_raw():
            pass


async def _watch_a_little(client: httpx.AsyncClient, number: int) -> None:
    async with client.stream("GET", f"/videos/{_video(number)}/stream") as response:
        async for _ in response.aiter_raw():
            if response.num_bytes_downloaded > _BYTES_BEFORE_LEAVING:
                break


async def _report(client: httpx.AsyncClient, _: int) -> None:
    await client.get("/reports/rented-together")


async def _health(client: httpx.AsyncClient, _: int) -> None:
    await client.get("/health")


async def _lost(client: httpx.AsyncClient, number: int) -> None:
    await client.get(f"/wp-login-{number}.php")


def _video(number: int) -> int:
    return 1 + number * 31 % _VIDEOS


VISITS = (
    Visit("list", 6, _list),
    Visit("show", 8, _show),
    Visit("search", 4, _search),
    Visit("check out", 4, _check_out),
    Visit("watch", 2, _watch),
    Visit("watch a little", 1, _watch_a_little),
    Visit("look at rentals", 3, _rentals),
    Visit("read a synopsis", 3, _synopsis),
    Visit("ask the concierge", 2, _ask),
    Visit("upload", 2, _upload),
    Visit("upload a damaged trailer", 1, _upload_damaged),
    Visit("report", 1, _report),
    Visit("health", 1, _health),
    Visit("show a missing film", 1, _show_missing),
    Visit("get lost", 1, _lost),
)


def in_order(visits: Sequence[Visit]) -> Iterator[Visit]:
    """Yield visits for ever, each kind as often as its weight says and as evenly spread as may be.

    Smooth weighted round-robin (nginx's): no chance, so that a short run has every kind and two runs are alike.
    """
    total = sum(visit.weight for visit in visits)
    credits_ = [0] * len(visits)
    while True:
        credits_ = [credit + visit.weight for credit, visit in zip(credits_, visits, strict=True)]
        chosen = credits_.index(max(credits_))
        credits_[chosen] -= total
        yield visits[chosen]
