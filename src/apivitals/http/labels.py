"""Labels that the user adds: fixed ones, ones that a callable finds in the scope, and headers named one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

from apivitals.bounded import BoundedValues
from apivitals.catalog import label_name
from apivitals.errors import ErrorLog

Scope = MutableMapping[str, Any]
RequestLabels = Callable[[Scope], Mapping[str, object]]
Headers = Iterable[tuple[bytes, bytes]]


class ExtraLabels:
    """Finds the values of the user's labels for one request. Nothing in it can break the request."""

    def __init__(  # noqa: PLR0913  # one for each setting it serves
        self,
        *,
        fixed: Mapping[str, str],
        request_labels: RequestLabels | None,
        request_label_names: tuple[str, ...],
        request_headers: tuple[str, ...],
        response_headers: tuple[str, ...],
        value_limit: int,
        errors: ErrorLog,
    ) -> None:
        self.fixed_names = tuple(label_name(name) for name in fixed)
        self.fixed = tuple(fixed.values())
        self._function = request_labels
        self._declared = request_label_names
        self._request_headers = tuple(name.lower().encode("latin-1") for name in request_headers)
        self._response_headers = tuple(name.lower().encode("latin-1") for name in response_headers)
        self._errors = errors
        self.names = (
            *self.fixed_names,
            *(label_name(name) for name in request_label_names),
            *(label_name(f"http.request.header.{name.lower()}") for name in request_headers),
            *(label_name(f"http.response.header.{name.lower()}") for name in response_headers),
        )
        self._bounded = tuple(BoundedValues(value_limit) for _ in self.names[len(fixed) :])
        self.varying = bool(self._bounded)

    def values(self, scope: Scope, response_headers: Headers) -> tuple[str, ...]:
        """Return a value for each of `names`: "" for one that is missing, and for all of a callable that raised."""
        found = [
            *self._from_function(scope),
            *_from_headers(self._request_headers, scope.get("headers", ())),
            *_from_headers(self._response_headers, response_headers),
        ]
        return self.fixed + tuple(bounded.admit(value) for bounded, value in zip(self._bounded, found, strict=True))

    def _from_function(self, scope: Scope) -> list[str]:
        if self._function is None:
            return []
        try:
            found = self._function(scope)
            unknown = set(found) - set(self._declared)
            if unknown:
                self._errors.caught(
                    "request_labels",
                    ValueError(f"request_labels returned {sorted(unknown)}, which request_label_names does not name"),
                )
            return [_as_text(found.get(name)) for name in self._declared]
        except Exception as error:  # noqa: BLE001  # the user's callable, on the request path
            self._errors.caught("request_labels", error)
            return [""] * len(self._declared)


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def _from_headers(names: tuple[bytes, ...], headers: Headers) -> list[str]:
    if not names:
        return []
    found = {name.lower(): value for name, value in headers}
    return [found.get(name, b"").decode("latin-1") for name in names]
