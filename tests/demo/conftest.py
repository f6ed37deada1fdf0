"""The demo is a FastAPI service: without FastAPI, as in the plain Starlette suite, there is nothing to test here."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("fastapi") else ["test_*.py"]
