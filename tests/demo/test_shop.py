"""The video shop does what a shop does: it is a real service, not a row of sleeps."""

import hashlib
from collections import Counter
from contextlib import ExitStack

import httpx
import pytest
from sqlalchemy import event

from apivitals.demo import partner
from apivitals.demo.clip import make_clip
from apivitals.demo.shop.database import Database, Rental, Trailer, Video
from tests.demo.visitor import Visitor, open_shop
from tests.support.asgi import Client
from tests.support.servers import closed_port


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    opened = Database(str(tmp_path_factory.mktemp("shop") / "shop.sqlite"))
    opened.fill()
    yield opened
    opened.close()


@pytest.fixture
def client(database, cache_url):
    with open_shop(httpx.ASGITransport(partner.app), database, cache_url) as visitor:
        yield visitor


@pytest.fixture
def shop_with(database, cache_url):
    """Open a shop whose partner answers as given."""
    with ExitStack() as opened:
        yield lambda partner: opened.enter_context(open_shop(partner, database, cache_url))


def answering(status, body):
    return httpx.MockTransport(lambda _: httpx.Response(status, json=body))


@pytest.fixture
def queries(database):
    """Collect what is asked of the database from here on."""
    asked = []

    def note(connection, cursor, statement, *_):
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


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


def test_a_film_is_shown_without_ratings_while_the_partner_fails(shop_with):
    answer = shop_with(answering(503, {})).get("/videos/7")
    assert answer.status_code == 200
    assert answer.json()["ratings"] is None


def test_a_missing_film_is_404(client):
    assert client.get("/videos/401").status_code == 404


def test_a_checkout_is_paid_and_kept(database, shop_with):
    rentals = count(database, Rental)
    client = shop_with(answering(200, {"receipt": "R1"}))
    answer = client.post("/checkout", json={"video_id": 3, "customer_id": 4})
    assert answer.status_code == 201
    assert answer.json()["receipt"] == "R1"
    assert count(database, Rental) == rentals + 1


@pytest.mark.parametrize(("partner_says", "status"), [((503, {}), 502), ((200, {}), 500)])
def test_a_checkout_that_is_not_paid_is_an_error_and_not_kept(database, shop_with, partner_says, status):
    rentals = count(database, Rental)
    client = shop_with(answering(*partner_says))
    assert client.post("/checkout", json={"video_id": 3, "customer_id": 4}).status_code == status
    assert count(database, Rental) == rentals


def test_a_checkout_whose_payment_is_not_answered_is_a_502(database, shop_with):
    def answer(request):
        raise httpx.ReadTimeout("", request=request)

    rentals = count(database, Rental)
    client = shop_with(httpx.MockTransport(answer))
    assert client.post("/checkout", json={"video_id": 3, "customer_id": 4}).status_code == 502
    assert count(database, Rental) == rentals


def test_the_partner_fails_on_a_fixed_share_of_the_payments(monkeypatch):
    monkeypatch.setattr(partner, "_AUTHORISATION_SECONDS", 0)
    with Visitor(partner.app) as client:
        answers = [client.post("/payments", json={"amount_cents": 1}) for _ in range(50)]
    assert sum(answer.status_code == 503 for answer in answers) == 5
    assert sum(answer.is_success and "receipt" not in answer.json() for answer in answers) == 2


def test_a_list_is_read_from_the_database_once_in_ten_seconds(client, queries):
    first, second = (client.get("/videos", params={"genre": "western", "page": 2}).json() for _ in range(2))
    assert first == second
    assert len(queries) == 1


def test_without_its_cache_the_shop_goes_on(database):
    with (
        closed_port() as port,
        open_shop(httpx.ASGITransport(partner.app), database, f"redis://127.0.0.1:{port}") as client,
    ):
        assert len(client.get("/videos", params={"genre": "crime"}).json()) == 20


def test_a_customers_rentals_take_two_queries_each(client, database, queries):
    rentals = client.get("/rentals/7").json()
    made = len(queries)
    with database.session() as session:
        expected = session.query(Rental).filter_by(customer_id=7).order_by(Rental.id).all()
        titles = {video.id: video.title for video in session.query(Video)}
        customers = Counter(video for video, _ in session.query(Rental.video_id, Rental.customer_id).distinct())
    assert rentals == [
        {"id": rental.id, "title": titles[rental.video_id], "customers": customers[rental.video_id]}
        for rental in expected
    ]
    # A film that is rented twice is read once.
    assert made == 1 + len(rentals) + len({rental.video_id for rental in expected})
    assert made > 10


def test_an_upload_is_looked_at_to_its_last_frame(client, database):
    trailers, content = count(database, Trailer), make_clip(10, 3)
    answer = client.post("/videos/3/trailer", files={"file": ("trailer.y4m", content)})
    assert answer.status_code == 201
    assert answer.json() == {
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "frames": 10,
        "brightness": pytest.approx(0.5, abs=0.2),
        "scenes": [0, 5],
    }
    assert count(database, Trailer) == trailers + 1


def test_a_damaged_upload_is_refused_and_not_kept(client, database):
    trailers = count(database, Trailer)
    answer = client.post("/videos/3/trailer", files={"file": ("trailer.y4m", make_clip(4, 3)[:-1])})
    assert answer.status_code == 422
    assert answer.json() == {"detail": "the last frame is not whole"}
    assert count(database, Trailer) == trailers


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

    client.run(watch())


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
