"""Background work that is started again when it fails."""

from collections.abc import Awaitable, Callable

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from tokkatot.cloud.platform.context import Context
from tokkatot.kit.backoff import Backoff

_log = structlog.get_logger(__name__)

_ERROR_CHARS = 500
_AWAY = (SQLAlchemyError, psycopg.Error, OSError, TimeoutError)
_STABLE_S = 60.0
"""Work that has run for so long begins again with the first wait."""


async def keep_working(
    name: str,
    work: Callable[[], Awaitable[None]],
    *,
    context: Context,
    random: Callable[[], float],
) -> None:
    """Do the work until cancelled; each failure is logged, counted, and followed by a wait."""
    backoff = Backoff(first_s=0.5, cap_s=30, random=random)
    while True:
        begun_s = context.clock.monotonic()
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - one worker's failure must not end the others
            away = _what_is_away(error)
            if away is None:
                _log.exception("worker.failed", worker=name)
            else:
                # Not the fault of this work, and no traceback tells more.
                _log.warning("worker.interrupted", worker=name, error=str(away)[:_ERROR_CHARS])
        else:
            _log.error("worker.ended", worker=name)
        context.metrics.worker_restarts.labels(name).inc()
        if context.clock.monotonic() - begun_s > _STABLE_S:
            backoff.reset()
        await context.clock.sleep(backoff.next_s())


def _what_is_away(error: Exception) -> Exception | None:
    """Return what tells that the database or a line is away, where nothing else happened."""
    if isinstance(error, ExceptionGroup):
        told = [_what_is_away(one) for one in error.exceptions]
        return None if None in told else told[0]
    return error if isinstance(error, _AWAY) else None


async def every(period_s: float, work: Callable[[], Awaitable[None]], *, context: Context) -> None:
    """Do the work now and then, until it fails or is cancelled."""
    while True:
        await work()
        await context.clock.sleep(period_s)
