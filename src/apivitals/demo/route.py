"""What the view has a line for: the HTTP routes and the WebSocket routes of a service."""

from collections.abc import Mapping
from typing import NamedTuple


class Route(NamedTuple):
    """An HTTP route. ``template`` is "" for requests that no route matched."""

    method: str
    template: str
    priority: str


class Channel(NamedTuple):
    """A WebSocket route."""

    template: str
    priority: str


def route_of(labels: Mapping[str, str]) -> Route:
    """Tell the route from a sample's labels."""
    return Route(labels.get("http_request_method", ""), labels.get("http_route", ""), labels.get("priority", ""))


def channel_of(labels: Mapping[str, str]) -> Channel:
    """Tell the WebSocket route from a sample's labels."""
    return Channel(labels.get("http_route", ""), labels.get("priority", ""))
