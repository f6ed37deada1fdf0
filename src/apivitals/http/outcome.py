"""How a request ended, where it did not end well, in values of ``error.type`` besides those of exceptions."""

from __future__ import annotations

CLIENT_DISCONNECTED = "client_disconnected"
INCOMPLETE = "incomplete_response"
REJECTED = "handshake_rejected"
_DISCONNECTS = {"ClientDisconnect", "WebSocketDisconnect"}


def is_disconnect(error: BaseException) -> bool:
    """Whether `error` is Starlette's word for a client that left while its body was read or its response sent.

    Clients' libraries have exceptions of these names too, for a server that has left.
    """
    return any(cls.__name__ in _DISCONNECTS and cls.__module__.startswith("starlette.") for cls in type(error).__mro__)
