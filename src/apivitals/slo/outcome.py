"""Which requests failed, by their ``error.type``.

A request failed that was answered with a 5xx, raised, or ended without a whole response. One whose client left, or
whose task the server stopped, did not: nobody waits for its answer.
"""

from __future__ import annotations

from apivitals.slo.series import ERROR_TYPE

# `apivitals.http.outcome` and `apivitals.exceptions` have these words; they belong to the running application
NOT_THE_SERVICE = ("client_disconnected", "cancelled", "handshake_rejected")

_EITHER = "|".join(["", *NOT_THE_SERVICE])
FAILURE = f'{ERROR_TYPE}!~"{_EITHER}"'
SUCCESS = f'{ERROR_TYPE}=~"{_EITHER}"'
