"""The two sides of a scrape. One module each, with `build(argument)` that returns what renders the page."""

from collections.abc import Awaitable, Callable

Render = Callable[[str, str], Awaitable[list[bytes]]]

TEXT, OPENMETRICS = "text", "openmetrics"
IDENTITY, GZIP = "identity", "gzip"
# The families that both sides render; ours has some more.
FAMILIES = ("http_server_", "apivitals_http_server_")
