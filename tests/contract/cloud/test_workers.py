"""Work that is started again, and what its log says of why."""

import asyncio

import psycopg
import pytest
from structlog.testing import capture_logs

from tests.support.cloud import Cloud
from tokkatot.cloud.platform.workers import keep_working

AWAY = psycopg.OperationalError("the database system is shutting down")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (AWAY, "worker.interrupted"),
        (ExceptionGroup("at once", [ExceptionGroup("deeper", [AWAY])]), "worker.interrupted"),
        (ExceptionGroup("at once", [AWAY, ValueError("of its own")]), "worker.failed"),
        (ValueError("of its own"), "worker.failed"),
    ],
)
async def test_a_traceback_is_kept_for_what_is_a_fault_of_the_work(
    cloud: Cloud, error: Exception, told: str
) -> None:
    begun = 0
    again = asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise error
        again.set()
        await asyncio.sleep(3600)

    with capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(
                keep_working("work", work, context=cloud.context, random=lambda: 0.0)
            )
            async with asyncio.timeout(60):
                while not logs:
                    await asyncio.sleep(0.01)
                await again.wait()
            task.cancel()
    assert [(entry["event"], entry["worker"]) for entry in logs] == [(told, "work")]
    assert (told == "worker.failed") == ("exc_info" in logs[0])
