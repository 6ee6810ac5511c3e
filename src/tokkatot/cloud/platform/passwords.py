"""Passwords and short codes, hashed by argon2id on a few threads with a bounded queue."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tokkatot.cloud.platform.problems import Unavailable

R = TypeVar("R")

MIN_PASSWORD_CHARS = 8
MAX_PASSWORD_CHARS = 256
_TIMEOUT_S = 10.0

# RFC 9106, second recommended option: 64 MiB, three passes, four lanes (tens of milliseconds).
STRONG = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
# For tests and the demo's own accounts only: the same algorithm at its cheapest.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Passwords:
    """Hashes and checks away from the event loop; refuses work when too much of it waits."""

    def __init__(
        self, hasher: PasswordHasher = STRONG, *, threads: int = 2, waiting_limit: int = 32
    ) -> None:
        self._hasher = hasher
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._waiting_limit = waiting_limit
        self._waiting = 0
        # Checked where there is no such user, so that both answers take as long.
        self._nobody = hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return the hash of a password with its own salt and costs."""
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Tell whether the password fits; `stored` None takes as long and never fits."""
        fits = await self._run(lambda: self._fits(password, stored or self._nobody))
        return fits and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Tell whether a hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _fits(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], R]) -> R:
        if self._waiting >= self._waiting_limit:
            raise Unavailable("Too many people are logging in at this moment.", retry_after_s=3)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(_TIMEOUT_S):
                return await loop.run_in_executor(self._pool, work)
        except TimeoutError:
            raise Unavailable(retry_after_s=5) from None
        finally:
            self._waiting -= 1


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
