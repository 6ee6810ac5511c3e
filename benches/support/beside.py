"""The cloud as processes beside a PostgreSQL and a mosquitto of the benchmark."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benches.support.servers import need_mosquitto
from tests.support.people import Person
from tests.support.plant import CloudProgram, staff_of
from tokkatot.cloud.platform.broker import EmbeddedBroker
from tokkatot.cloud.platform.postgres import EmbeddedPostgres


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What runs; `clouds` in the order of their roles, the first one serves."""

    postgres: EmbeddedPostgres
    broker: EmbeddedBroker
    clouds: list[CloudProgram]
    staff: Person


@asynccontextmanager
async def cloud_beside(folder: Path, *roles: str) -> AsyncIterator[Beside]:
    """Run a process for each of some roles, and the servers that they need.

    Raises:
        Missing: where mosquitto is not installed.
    """
    need_mosquitto()
    folder.mkdir(parents=True, exist_ok=True)
    postgres = EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log")
    broker = EmbeddedBroker(
        folder / "broker", log_path=folder / "broker.log", login="tokkatot-cloud"
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(postgres.stop)
        database_url = await postgres.start()
        stack.push_async_callback(broker.stop)
        await broker.start()
        clouds = [
            CloudProgram(
                folder,
                database_url=database_url,
                broker_url=broker.url,
                broker=broker,
                roles=of_process,
            )
            for of_process in roles
        ]
        for cloud in clouds:
            cloud.start()
            stack.callback(cloud.kill)
        await clouds[0].ready()
        staff = await staff_of(clouds[0])
        stack.push_async_callback(staff.close)
        yield Beside(postgres=postgres, broker=broker, clouds=clouds, staff=staff)
