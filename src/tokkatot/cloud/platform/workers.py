"""Background work that is started again when it fails."""

from collections.abc import Awaitable, Callable

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from tokkatot.cloud.platform.context import Context
from tokkatot.kit.backoff import Backoff

_log = structlog.get_logger(__name__)

_ERROR_CHARS = 500
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
        except (SQLAlchemyError, psycopg.Error, OSError, TimeoutError) as error:
            # The database is away for a while: no fault of this work, and no traceback tells more.
            _log.warning("worker.interrupted", worker=name, error=str(error)[:_ERROR_CHARS])
        except Exception:  # noqa: BLE001 - one worker's failure must not end the others
            _log.exception("worker.failed", worker=name)
        else:
            _log.error("worker.ended", worker=name)
        context.metrics.worker_restarts.labels(name).inc()
        if context.clock.monotonic() - begun_s > _STABLE_S:
            backoff.reset()
        await context.clock.sleep(backoff.next_s())


async def every(period_s: float, work: Callable[[], Awaitable[None]], *, context: Context) -> None:
    """Do the work now and then, until it fails or is cancelled."""
    while True:
        await work()
        await context.clock.sleep(period_s)
