"""Two workers of one service, of which Alertmanager asks now the one and now the other."""

import pytest
from starlette.applications import Starlette

from tests.alerts.notification import SHOWN, TOKEN, one, posted
from tests.support.asgi import Client

pytestmark = pytest.mark.anyio


@pytest.fixture
def workers(instrumented, tmp_path):
    """The webhooks of two applications that stand for the same one in two processes."""
    made = []
    for _ in range(2):
        shown = instrumented(Starlette(), alert_webhook=True, alert_webhook_token=TOKEN)
        shown.vitals._alerts.share(tmp_path / "alerts-0")  # noqa: SLF001  # as a worker does when it joins the others
        made.append(shown)
    return made


async def post(shown, *alerts):
    return (await Client(shown.app).post("/-/alerts", headers=SHOWN, body=posted(*alerts))).status


async def test_an_alert_is_taken_once_by_all_workers(workers):
    taken = []
    for shown in workers:
        shown.vitals.on_alert(lambda alert: taken.append(alert.status))
    for shown in (*workers, *workers):
        assert await post(shown, one()) == 200
    assert taken == ["firing"]


async def test_what_failed_in_one_worker_is_tried_in_another(workers):
    taken = []

    def fails(alert):
        raise RuntimeError("not here")

    workers[0].vitals.on_alert(fails)
    workers[0].vitals.on_alert(lambda _: taken.append("first"))
    workers[1].vitals.on_alert(lambda _: taken.append("again"))
    workers[1].vitals.on_alert(lambda _: taken.append("second"))
    assert await post(workers[0], one()) == 500
    assert await post(workers[1], one()) == 200
    assert taken == ["first", "again"]


async def test_a_directory_that_cannot_be_written_costs_only_the_sharing(workers, tmp_path):
    taken = []
    workers[0].vitals._alerts.share(tmp_path / "nowhere" / "alerts")  # noqa: SLF001  # as above
    workers[0].vitals.on_alert(lambda alert: taken.append(alert.status))
    for _ in range(2):
        assert await post(workers[0], one()) == 200
    assert taken == ["firing"]
    assert workers[0].page().value("apivitals_internal_errors_total", operation="workers") == 1
