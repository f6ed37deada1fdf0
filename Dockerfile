# The demo's video shop, its partner and its load: `docker build --tag apivitals-demo .`, or docker-compose.yml.
# Python's image is pinned, and so is each of docker-compose.yml.

FROM python:3.13.9-slim-bookworm AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY src src
COPY prometheus prometheus
COPY alertmanager alertmanager
COPY grafana grafana
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir dist . \
    && python -m venv /opt/apivitals \
    && /opt/apivitals/bin/python -m pip install --no-cache-dir "$(echo dist/apivitals-*.whl)[demo-postgresql,otlp]"

FROM python:3.13.9-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin shop
COPY --from=build /opt/apivitals /opt/apivitals
ENV PATH=/opt/apivitals/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8000
# Not urllib, which would ask a proxy of the environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=5 CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000, timeout=3); c.request('GET', '/health'); exit(c.getresponse().status != 200)"]
# Workers: WEB_CONCURRENCY. One that is late on a busy machine is not killed for it while it still starts.
CMD ["uvicorn", "apivitals.demo.service:app", "--host=0.0.0.0", "--port=8000", "--no-access-log", "--timeout-graceful-shutdown=8", "--timeout-worker-healthcheck=60"]
