"""A real Alertmanager notifies a real service."""

import json

from tests.alertmanager_config.files import AT_ONCE, told, written
from tests.alerts.notification import ERRORS, TOKEN
from tests.support.alertmanager import alertmanager
from tests.support.plain_http import get
from tests.support.servers import eventually, uvicorn


def test_alerts_reach_the_callbacks_once_each_and_again_where_one_failed(tmp_path):
    """Alertmanager sends again what the callback has failed at, by its own rules."""
    (tmp_path / "token").write_text(TOKEN)
    with uvicorn("tests.alerts.service:app", env={"TOKEN": TOKEN}) as service:
        receiver = {"url": f"{service.url}/-/alerts", "token_file": str(tmp_path / "token")}
        with alertmanager(written(tmp_path, told({"webhook": receiver}), replace=AT_ONCE)) as running:

            def taken():
                return sorted(map(tuple, json.loads(get(f"{service.url}/taken").body)))

            running.fire(ERRORS)
            firing = [("shaky", ERRORS["alertname"], "firing"), ("steady", ERRORS["alertname"], "firing")]
            eventually(lambda: taken() == firing, "both have the alert")
            running.resolve(ERRORS)
            resolved = [(name, alert, "resolved") for name, alert, _ in firing]
            eventually(lambda: taken() == sorted(firing + resolved), "both have its end")
