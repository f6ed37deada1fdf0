"""What the shop keeps in Redis for some seconds, so that it need not be made again."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from redis import RedisError
from redis.asyncio import Redis

import apivitals


class Cache:
    """Texts by key. A Redis that does not answer is as good as an empty one."""

    def __init__(self, url: str) -> None:
        # The older protocol, which every Redis speaks.
        self._redis = Redis.from_url(url, protocol=2, socket_timeout=1, decode_responses=True)

    async def get(self, name: str, key: str, seconds: int, make: Callable[[], Awaitable[str | None]]) -> str | None:
        """Return what is kept as ``key`` of the cache called ``name``.

        If nothing is, make it, and keep it so long; None, which says that it could not be made, is not kept.
        """
        try:
            kept = await self._redis.get(f"{name}:{key}")
        except RedisError:
            kept = None
        if kept is not None:
            apivitals.cache_hit(name)
            return str(kept)
        apivitals.cache_miss(name)
        made = await make()
        if made is not None:
            with suppress(RedisError):
                await self._redis.set(f"{name}:{key}", made, ex=seconds)
        return made

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._redis.aclose()
