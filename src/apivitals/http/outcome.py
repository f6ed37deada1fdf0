"""How a request ended, where it did not end well, in values of ``error.type`` besides those of exceptions."""

from __future__ import annotations

CLIENT_DISCONNECTED = "client_disconnected"
INCOMPLETE = "incomplete_response"
REJECTED = "handshake_rejected"


def is_disconnect(error: BaseException) -> bool:
    """Whether `error` is Starlette's word for a client that left while its body was read or its response sent."""
    return type(error).__name__ in {"ClientDisconnect", "WebSocketDisconnect"}
