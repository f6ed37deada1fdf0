"""Some tests need what is in extras."""

from importlib.util import find_spec

collect_ignore = [
    *([] if find_spec("yaml") else ["test_real.py", "test_docs.py"]),
    *([] if find_spec("httpx") else ["test_client.py"]),
]
