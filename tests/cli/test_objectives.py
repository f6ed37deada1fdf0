"""``apivitals init`` and ``apivitals validate``, on files and against a real service."""

from pathlib import Path

import pytest

from apivitals.cli.application import run
from tests.support.plain_http import request
from tests.support.servers import closed_port, uvicorn

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

SERVICE = "priorities: {/reports/*: low}\nsla: {p95_seconds: 0.7}\n"
TOKEN = "a-token-of-this-test"  # noqa: S105  # guards nothing


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service that has answered a request to each route; it runs with the file above."""
    config = tmp_path_factory.mktemp("service") / "apivitals.yaml"
    config.write_text(SERVICE)
    with uvicorn("tests.cli.shop:app", env={"APIVITALS_CONFIG": str(config)}) as server:
        for method, path in (("GET", "/videos"), ("POST", "/payments/7"), ("GET", "/reports/7"), ("GET", "/nowhere")):
            request(method, server.url + path)
        yield server


@pytest.fixture
def validated(capsys):
    """Write a file and validate it: the exit code, and what was printed."""

    def do(text, *arguments):
        Path("apivitals.yaml").write_text(text)
        code = run(["validate", *arguments])
        printed = capsys.readouterr()
        assert printed.err == ""
        return code, printed.out.splitlines()

    return do


def test_a_new_file_is_right(capsys):
    assert run(["init"]) == 0
    assert run(["validate", "--strict"]) == 0
    assert capsys.readouterr().out == (
        "apivitals.yaml is written: apivitals validate apivitals.yaml\napivitals.yaml: nothing is wrong\n"
    )


def test_a_file_that_is_there_is_overwritten_by_force_only(capsys):
    file = Path("mine.yaml")
    file.write_text("series_limit: 7\n")
    assert run(["init", "--out", "mine.yaml"]) == 1
    assert file.read_text() == "series_limit: 7\n"
    assert capsys.readouterr().err == (
        "apivitals: mine.yaml is there already: --force overwrites it, --out writes another\n"
    )
    assert run(["init", "--out", "mine.yaml", "--force"]) == 0
    assert file.read_text().startswith("# yaml-language-server")


def test_where_nothing_can_be_written_is_said(capsys):
    assert run(["init", "--out", "no/where.yaml"]) == 1
    assert capsys.readouterr().err == "apivitals: no/where.yaml cannot be written: No such file or directory\n"


@pytest.mark.parametrize("page", ["", "/", "/metrics"])
def test_routes_of_a_running_service_with_their_classes(service, page):
    assert run(["init", "--url", service.url + page]) == 0
    routes = [line for line in Path("apivitals.yaml").read_text().splitlines() if line.startswith('#  "')]
    assert routes == [
        '#  "POST /payments/{number}": critical',
        '#  "GET /reports/{number}": low',
        '#  "GET /videos": medium',
    ]


def test_a_service_that_has_answered_nothing(capsys):
    with uvicorn("tests.cli.shop:app") as fresh:
        assert run(["init", "--url", fresh.url]) == 0
        assert "none of its routes are in it" in capsys.readouterr().out
        assert run(["validate", "--url", fresh.url]) == 0
        assert "warning: the service has answered no request yet" in capsys.readouterr().out


def test_a_file_that_goes_with_the_service(validated, service):
    """The default bounds, and those of its own file, are live."""
    assert validated(SERVICE, "--url", service.url, "--strict") == (0, ["apivitals.yaml: nothing is wrong"])


def test_a_file_that_does_not_go_with_the_service(validated, service):
    text = 'sla: {p95_seconds: 0.6}\nroutes:\n  "GET /video": high\n  "/reports/*": high\n'
    code, lines = validated(text, "--url", service.url)
    assert code == 1
    assert [line.partition(" is no ")[0].partition("; did")[0].partition(" labels")[0] for line in lines] == [
        "apivitals.yaml:1: error: sla.p95_seconds: 0.6 s",
        "apivitals.yaml:3: warning: routes['GET /video']: fits no route that the service has answered so far",
        "apivitals.yaml:4: warning: routes['/reports/*']: the service",
        "apivitals.yaml: 1 error and 2 warnings",
    ]


def test_warnings_are_an_error_only_if_strict(validated):
    text = "slo_window_days: 60\n"
    code, lines = validated(text)
    assert code == 0
    assert lines[-1] == "apivitals.yaml: 4 warnings"
    assert validated(text, "--strict") == (1, lines)


def test_what_is_wrong_has_its_line(validated):
    code, lines = validated("series_limit: 7\nclases: {}\n")
    assert code == 1
    assert lines == [
        "apivitals.yaml:2: error: clases: there is no such setting; did you mean classes?",
        "apivitals.yaml: 1 error",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, "none.yaml cannot be read"), ("a: [", "is no YAML"), ("- a", "should have keys and values")],
)
def test_a_file_that_is_none(text, expected, capsys):
    if text is not None:
        Path("none.yaml").write_text(text)
    assert run(["validate", "none.yaml"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert expected in printed.err
    assert printed.err.startswith("apivitals: none.yaml ")
    assert printed.err.count("\n") == 1


@pytest.fixture
def nobody():
    """The URL of a service that is not there."""
    with closed_port() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("command", [["init"], ["validate"]])
def test_a_service_that_cannot_be_asked_is_one_line(command, service, nobody, capsys):
    if command == ["validate"]:
        Path("apivitals.yaml").write_text("")
    for url, expected in (
        ("127.0.0.1:8000", "give a URL, such as http://127.0.0.1:8000"),
        (nobody, "does not answer"),
        (f"{service.url}/videos", "is not the metrics page of apivitals"),
        (f"{service.url}/nowhere", "(status 404) is not the metrics page"),
    ):
        assert run([*command, "--url", url]) == 2
        printed = capsys.readouterr()
        assert expected in printed.err
        assert printed.err.count("\n") == 1
    assert command == ["validate"] or not Path("apivitals.yaml").exists()


def test_a_page_that_wants_a_token(capsys):
    Path("token").write_text(f"{TOKEN}\n")
    with uvicorn("tests.cli.shop:app", env={"APIVITALS_METRICS_TOKEN": TOKEN}) as guarded:
        assert run(["init", "--url", guarded.url]) == 2
        assert "wants a token: --token-file FILE" in capsys.readouterr().err
        assert run(["init", "--url", guarded.url, "--token-file", "none"]) == 2
        assert "--token-file none cannot be used" in capsys.readouterr().err
        assert run(["init", "--url", guarded.url, "--token-file", "token"]) == 0
