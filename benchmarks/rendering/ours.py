"""GET /metrics of an app with as many label sets as the argument says."""

from benchmarks.rendering import FAMILIES, GZIP, IDENTITY, OPENMETRICS, TEXT, Render
from benchmarks.rendering.registry import families_in, openmetrics_families_in, samples_of
from benchmarks.traffic import Traffic

ACCEPT = {TEXT: b"text/plain;version=0.0.4", OPENMETRICS: b"application/openmetrics-text;version=1.0.0"}
REQUESTS_EACH = 20


async def build(label_sets: str) -> Render:
    """Make the app, fill it, and return what asks for its page.

    Raises RuntimeError unless both formats hold the same samples.
    """
    traffic = Traffic(int(label_sets))
    await traffic.client.start()
    await traffic.fill(REQUESTS_EACH)

    async def render(form: str, encoding: str) -> list[bytes]:
        headers = ((b"host", b"localhost"), (b"accept", ACCEPT[form]), (b"accept-encoding", encoding.encode()))
        page = await traffic.client.request("/metrics", headers=headers)
        if page.status != 200:  # noqa: PLR2004 - HTTP's own number
            raise RuntimeError(f"GET /metrics was answered by {page.status}, not by 200")
        zipped = page.headers.get(b"content-encoding") == b"gzip"
        if zipped != (encoding == GZIP):
            raise RuntimeError(f"accept-encoding {encoding} was answered by {page.headers}")
        return page.chunks

    text = samples_of(families_in(b"".join(await render(TEXT, IDENTITY)).decode(), FAMILIES))
    openmetrics = samples_of(openmetrics_families_in(b"".join(await render(OPENMETRICS, IDENTITY)).decode(), FAMILIES))
    if text != openmetrics:
        raise RuntimeError("our text and our OpenMetrics do not hold the same samples")
    return render
