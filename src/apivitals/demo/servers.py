"""The shop and what it calls, as servers on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from apivitals.demo.cache import cache_server
from apivitals.demo.processes import ServerProcess, python_server

SERVICE_NAME = "video-shop"
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""For numpy's matrix products: a demo does not take every CPU of the machine."""


class ShopPorts(NamedTuple):
    """Loopback ports, drawn together so that each is another one."""

    shop: int
    cache: int
    partner: int


@dataclass(frozen=True)
class ShopServers:
    """Each as described, none started yet."""

    cache: ServerProcess
    partner: ServerProcess
    shop: ServerProcess

    @property
    def in_order(self) -> tuple[ServerProcess, ...]:
        """What is called before what calls it."""
        return self.cache, self.partner, self.shop

    async def until_ready(self) -> None:
        """Wait until the shop is open.

        Raises:
            DemoError: one of them has ended, or does not answer in time.

        """
        await self.cache.until_listening()
        await self.partner.until_ready("/health")
        await self.shop.until_ready("/health")


def shop_servers(
    ports: ShopPorts, *, directory: Path, workers: int = 1, variables: Mapping[str, str] | None = None
) -> ShopServers:
    """Describe the shop at these ports, with so many workers and further environment variables."""
    cache = cache_server(port=ports.cache, directory=directory)
    partner = python_server(
        "partner", "apivitals.demo.partner:app", port=ports.partner, directory=directory, variables=_ONE_THREAD
    )
    shop = python_server(
        "video shop",
        "apivitals.demo.service:app",
        port=ports.shop,
        directory=directory,
        workers=workers,
        variables={
            "OTEL_SERVICE_NAME": SERVICE_NAME,
            "VIDEO_SHOP_CACHE_URL": cache.url,
            "VIDEO_SHOP_DATABASE": str(directory / "shop.sqlite"),
            "VIDEO_SHOP_PARTNER_URL": partner.url,
            **_ONE_THREAD,
            **(variables or {}),
        },
    )
    return ShopServers(cache, partner, shop)
