"""The database and the broker that the program runs itself where no other is named."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tokkatot.cloud.platform.broker import BrokerKind, EmbeddedBroker
from tokkatot.cloud.platform.postgres import EmbeddedPostgres
from tokkatot.cloud.platform.settings import CloudSettings
from tokkatot.cloud.platform.supervise import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What runs: `settings` name every address, `services` want to be kept running."""

    settings: CloudSettings
    services: Mapping[str, Service]


@asynccontextmanager
async def embedded(settings: CloudSettings) -> AsyncIterator[Running]:
    """Run what `settings` leave unset, and end it with the block.

    Raises:
        ExceptionGroup: of ChildFailed, when one of them does not start.
    """
    data_dir = settings.data_dir.absolute()
    found: dict[str, object] = {"data_dir": data_dir}
    services: dict[str, Service] = {}
    postgres = broker = None
    if settings.database_url is None:
        postgres = services["PostgreSQL"] = _postgres(data_dir)
    if settings.mqtt_url is None:
        broker = services["The broker"] = _broker(data_dir, settings.mqtt_login)
    async with AsyncExitStack() as stack:
        await start_all(services.values(), stack)
        if postgres is not None:
            found["database_url"] = postgres.url()
        if broker is not None:
            found["mqtt_url"] = broker.url
            found["mqtt_password"] = broker.password()
            found["mqtt_logins_dir"] = broker.logins.folder
            found["mqtt_shared"] = broker.kind is BrokerKind.MOSQUITTO
        yield Running(settings=settings.model_copy(update=found), services=services)


async def start_all(services: Iterable[Service], stack: AsyncExitStack) -> None:
    """Start services at the same time and have `stack` stop them.

    Raises:
        ExceptionGroup: of ChildFailed; what had started is stopped by `stack`.
    """
    started = tuple(services)
    stack.push_async_callback(_stop_all, started)
    async with asyncio.TaskGroup() as group:
        for service in started:
            group.create_task(_start(service))


async def _start(service: Service) -> None:
    await service.start()


async def _stop_all(services: tuple[Service, ...]) -> None:
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(service.stop())


def embedded_database_url(settings: CloudSettings) -> str | None:
    """Return the address of the database under the data folder; None where there is none yet."""
    try:
        return _postgres(settings.data_dir.absolute()).url()
    except FileNotFoundError:
        return None


def embedded_broker_url(settings: CloudSettings) -> str | None:
    """Return where clients on this machine reach the broker that last ran; None if none did."""
    return _broker(settings.data_dir.absolute(), settings.mqtt_login).last_url()


def _postgres(data_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(data_dir / "postgres", log_path=data_dir / "logs" / "postgres.log")


def _broker(data_dir: Path, login: str) -> EmbeddedBroker:
    return EmbeddedBroker(
        data_dir / "broker", log_path=data_dir / "logs" / "broker.log", login=login
    )
