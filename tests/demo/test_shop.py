"""The video shop does what a shop does: it is a real service, not a row of sleeps."""

import asyncio
import hashlib

import httpx
import pytest
from fastapi import FastAPI

from apivitals.demo import partner
from apivitals.demo.shop import catalogue, checkout, media, reports
from apivitals.demo.shop.database import Database, Rental, Trailer, Video
from tests.support.asgi import Client


class Visitor:
    """Visits an app in this process, a request at a time."""

    def __init__(self, app):
        self.app = app

    def get(self, path, **request):
        return self._request("GET", path, **request)

    def post(self, path, **request):
        return self._request("POST", path, **request)

    def _request(self, method, path, **request):
        async def visit():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
                return await client.request(method, path, **request)

        return asyncio.run(visit())


def shop_with(answer_of_the_partner, database):
    """Give a visitor of the shop's routers, with a partner that answers as given."""
    app = FastAPI()
    app.include_router(catalogue.router, prefix="/videos")
    app.include_router(media.router, prefix="/videos/{video_id}")
    app.include_router(checkout.router)
    app.include_router(reports.router)
    app.state.database = database
    app.state.partner = httpx.AsyncClient(transport=answer_of_the_partner, base_url="http://partner")
    return Visitor(app)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    opened = Database(str(tmp_path_factory.mktemp("shop") / "shop.sqlite"))
    opened.fill()
    yield opened
    opened.close()


@pytest.fixture
def client(database):
    return shop_with(httpx.ASGITransport(partner.app), database)


def answering(status, body):
    return httpx.MockTransport(lambda _: httpx.Response(status, json=body))


def count(database, table):
    with database.session() as session:
        return session.query(table).count()


def test_a_genre_is_listed_by_title_twenty_to_a_page(client):
    first, second = (client.get("/videos", params={"genre": "crime", "page": page}).json() for page in (1, 2))
    assert len(first) == len(second) == 20
    titles = [video["title"] for video in first + second]
    assert titles == sorted(titles)
    assert len(set(titles)) == 40
    assert {video["genre"] for video in first} == {"crime"}


def test_a_search_finds_words_in_titles_and_takes_no_wildcards(client):
    found = client.get("/videos/search", params={"words": "last WITNESS"}).json()
    assert found
    assert all("Last Witness" in video["title"] for video in found)
    assert client.get("/videos/search", params={"words": "100%"}).json() == []


def test_a_film_comes_with_the_ratings_that_the_partner_keeps(client):
    video = client.get("/videos/7").json()
    assert video["id"] == 7
    assert 1 <= video["ratings"]["stars"] <= 5


def test_a_film_is_shown_without_ratings_while_the_partner_fails(database):
    answer = shop_with(answering(503, {}), database).get("/videos/7")
    assert answer.status_code == 200
    assert answer.json()["ratings"] is None


def test_a_missing_film_is_404(client):
    assert client.get("/videos/401").status_code == 404


def test_a_checkout_is_paid_and_kept(database):
    rentals = count(database, Rental)
    client = shop_with(answering(200, {"receipt": "R1"}), database)
    answer = client.post("/checkout", json={"video_id": 3, "customer_id": 4})
    assert answer.status_code == 201
    assert answer.json()["receipt"] == "R1"
    assert count(database, Rental) == rentals + 1


@pytest.mark.parametrize(("partner_says", "status"), [((503, {}), 502), ((200, {}), 500)])
def test_a_checkout_that_is_not_paid_is_an_error_and_not_kept(database, partner_says, status):
    rentals = count(database, Rental)
    client = shop_with(answering(*partner_says), database)
    assert client.post("/checkout", json={"video_id": 3, "customer_id": 4}).status_code == status
    assert count(database, Rental) == rentals


def test_the_partner_fails_on_a_fixed_share_of_the_payments(monkeypatch):
    monkeypatch.setattr(partner, "_AUTHORISATION_SECONDS", 0)
    client = Visitor(partner.app)
    answers = [client.post("/payments", json={"amount_cents": 1}) for _ in range(50)]
    assert sum(answer.status_code == 503 for answer in answers) == 5
    assert sum(answer.is_success and "receipt" not in answer.json() for answer in answers) == 2


def test_an_upload_is_read_to_its_last_byte(client, database):
    trailers, content = count(database, Trailer), bytes(range(256)) * 1000
    answer = client.post("/videos/3/trailer", files={"file": ("trailer.mp4", content)})
    assert answer.json() == {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    assert count(database, Trailer) == trailers + 1


def test_a_stream_comes_whole(client):
    film = client.get("/videos/9/stream").content
    assert film[:8] == (9).to_bytes(8, "big")
    assert len(film) == 8 + 30 * 16_384


def test_viewers_are_told_how_many_they_are_and_what_the_others_say(client):
    async def watch():
        shop = Client(client.app)
        async with shop.websocket("/videos/5/viewers") as one:
            assert await one.receive() == "1 watching"
            async with shop.websocket("/videos/5/viewers") as other:
                assert await one.receive() == await other.receive() == "2 watching"
                other.send("hello")
                assert await one.receive() == await other.receive() == "hello"
            async with shop.websocket("/videos/6/viewers") as elsewhere:
                assert await elsewhere.receive() == "1 watching"

    asyncio.run(watch())


def test_the_report_names_the_pairs_that_most_customers_rented(client, database):
    rows = client.get("/reports/rented-together").json()
    assert len(rows) == 10
    counts = [row["customers"] for row in rows]
    assert counts == sorted(counts, reverse=True)
    one, other = rows[0]["videos"]
    with database.session() as session:
        customers = [
            {customer for (customer,) in session.query(Rental.customer_id).filter_by(video_id=video)}
            for video in (one, other)
        ]
    assert len(customers[0] & customers[1]) == counts[0]


def test_every_run_has_the_same_shop(tmp_path, database):
    other = Database(str(tmp_path / "other.sqlite"))
    other.fill()
    with other.session() as one, database.session() as two:
        titles = [[video.title for video in session.query(Video).order_by(Video.id)] for session in (one, two)]
    other.close()
    assert titles[0] == titles[1]
    assert len(titles[0]) == 400
