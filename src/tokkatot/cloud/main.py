"""Runs the cloud: the web server and the background work of the roles that are wanted."""

import asyncio
import gc
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from secrets import SystemRandom

import uvicorn
from fastapi import FastAPI
from sqlalchemy import func, select
from typing_extensions import override

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.accounts.reset_requests import ResetRequests
from tokkatot.cloud.alerts import drift, escalation, growth, message_store, messages, watching
from tokkatot.cloud.alerts import store as alert_store
from tokkatot.cloud.app import create_app
from tokkatot.cloud.channels import service as channels
from tokkatot.cloud.channels import store as channel_store
from tokkatot.cloud.channels.courier import GIVEN_UP_KEPT, Courier
from tokkatot.cloud.channels.services import carriers
from tokkatot.cloud.commands import photographs
from tokkatot.cloud.commands import service as commands
from tokkatot.cloud.commands import store as command_store
from tokkatot.cloud.detections import service as detections
from tokkatot.cloud.detections import store as detection_store
from tokkatot.cloud.detections.detector import Detector
from tokkatot.cloud.detections.second import EVERY_S, SecondOpinions
from tokkatot.cloud.devices.hubs import LOGINS_CHANNEL, broker_logins
from tokkatot.cloud.farms.service import Directory
from tokkatot.cloud.intelligence import service as intelligence
from tokkatot.cloud.intelligence import store as intelligence_store
from tokkatot.cloud.jobs import service as jobs
from tokkatot.cloud.jobs import store as job_store
from tokkatot.cloud.jobs.worker import JobKind, Worker
from tokkatot.cloud.platform import idempotency, outbox
from tokkatot.cloud.platform.cache import Cache, OwnCache
from tokkatot.cloud.platform.cleaning import Step, before, in_steps, now
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Database, DatabaseLimits
from tokkatot.cloud.platform.http import HttpLimits
from tokkatot.cloud.platform.influx import Influx
from tokkatot.cloud.platform.keys import SigningKeys
from tokkatot.cloud.platform.limits import LimitOf, own_limits
from tokkatot.cloud.platform.listen import FanOutLine, Listener, Subscriber
from tokkatot.cloud.platform.log import configure_logging
from tokkatot.cloud.platform.logins import LoginFiles, cloud_login
from tokkatot.cloud.platform.mail import Mailer
from tokkatot.cloud.platform.metrics import Metrics
from tokkatot.cloud.platform.objects import Objects
from tokkatot.cloud.platform.passwords import Passwords
from tokkatot.cloud.platform.readiness import (
    Readiness,
    broker_probe,
    database_probe,
    schema_probe,
)
from tokkatot.cloud.platform.settings import CloudSettings
from tokkatot.cloud.platform.tokens import Tokens
from tokkatot.cloud.platform.workers import every, keep_working
from tokkatot.cloud.realtime.line import LineProtocol
from tokkatot.cloud.schedules import executions
from tokkatot.cloud.schedules import store as schedule_store
from tokkatot.cloud.sync import refused
from tokkatot.cloud.sync.desired import HubLimits, renew_documents
from tokkatot.cloud.sync.postgres import mark_silent
from tokkatot.cloud.sync.worker import BrokerAccess, SyncWorker
from tokkatot.cloud.telemetry import listening
from tokkatot.cloud.telemetry.folding import Folding
from tokkatot.cloud.telemetry.influx import InfluxReadingStore
from tokkatot.cloud.telemetry.postgres import PostgresReadingStore
from tokkatot.cloud.telemetry.retention import give_up
from tokkatot.cloud.telemetry.store import ReadingStore
from tokkatot.cloud.twins import calibrating, simulating, training
from tokkatot.cloud.twins.checking import check_days
from tokkatot.cloud.twins.forecasts import Forecasts
from tokkatot.cloud.twins.growing import foretell
from tokkatot.cloud.twins.saving import reckon_days
from tokkatot.kit.clock import Clock, SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.webapp.files import find_web_app
from tokkatot.webapp.listening import listen_on

Work = Callable[[], Awaitable[None]]

_CLEAN_EVERY_S = 600.0
_LOGINS_LOCK = 0x6C6F6769
_GIVE_UP_EVERY_S = 6 * 3600.0
_DRIFT_EVERY_S = 1800.0
_SAVING_EVERY_S = 3600.0
_GROWING_EVERY_S = 3600.0
_DEADLINES_EVERY_S = 1.0
_WATCH_EVERY_S = 15.0
_MAX_FILES = 65_536
_BACKLOG = 512
_GRACE_S = 5
"""How long running requests may take to end when the server does."""


async def run_cloud(settings: CloudSettings, roles: frozenset[str]) -> None:
    """Run until cancelled; every address in `settings` is named and the schema is up to date."""
    configure_logging(settings.log_level)
    random = SystemRandom().random
    async with (
        open_context(settings, random=random) as context,
        open_readings(settings, context.database) as readings,
    ):
        workers = dict(_workers(context, readings, roles, random=random))
        app = _app(context, readings) if "api" in roles else None
        if app is not None:
            workers["realtime"] = app.state.realtime.run
        if app is not None or "jobs" in roles:
            # One for the process: people and jobs share what it has started.
            detector = Detector.of(context) if app is None else app.state.detector
            workers["detector"] = detector.run
            if "jobs" in roles:
                opinions = SecondOpinions(context, detector).round
                workers["second_opinions"] = partial(every, EVERY_S, opinions, context=context)
        # What is made by now stays for good: to walk it again and again for cycles, which is some
        # hundred thousand objects, holds up every request and batch meanwhile.
        gc.collect()
        gc.freeze()
        async with asyncio.TaskGroup() as group:
            for name, work in workers.items():
                group.create_task(keep_working(name, work, context=context, random=random))
            if app is not None:
                group.create_task(_serve(context, app))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What processes share beside database and broker."""

    limit_of: LimitOf
    cache: Cache
    fan_out: FanOutLine | None = None


@asynccontextmanager
async def open_shared(
    settings: CloudSettings, *, clock: Clock, random: Callable[[], float], metrics: Metrics
) -> AsyncIterator[Shared]:
    """Connect to what the settings name; without it each process is by itself."""
    if settings.redis_url is None:
        yield Shared(limit_of=own_limits(clock), cache=OwnCache(clock=clock))
        return
    # Here, since most run without it.
    from tokkatot.cloud.platform import redis  # noqa: PLC0415

    async with redis.connect(settings.redis_url) as connected:
        yield Shared(
            limit_of=redis.shared_limits(connected, clock),
            cache=redis.RedisCache(connected, clock=clock),
            fan_out=redis.RedisFanOut(connected, clock=clock, random=random, metrics=metrics),
        )


@asynccontextmanager
async def open_context(
    settings: CloudSettings, *, random: Callable[[], float]
) -> AsyncIterator[Context]:
    """Make the parts of a process, and close what must be closed."""
    assert settings.database_url is not None, "embedded() names every address"
    clock = SystemClock()
    ids = IdSource(clock)
    keys = SigningKeys.load(settings.data_dir / "keys")
    passwords = Passwords()
    metrics = Metrics()
    async with open_shared(settings, clock=clock, random=random, metrics=metrics) as shared:
        database = Database.open(
            settings.database_url,
            clock=clock,
            ids=ids,
            limits=DatabaseLimits(pool_size=settings.database_pool_size),
            fan_out=shared.fan_out,
        )
        try:
            yield Context(
                settings=settings,
                clock=clock,
                ids=ids,
                database=database,
                listener=Listener(settings.database_url, clock=clock, random=random),
                keys=keys,
                tokens=Tokens(keys.token_key),
                passwords=passwords,
                objects=Objects.open(
                    settings.object_store_url, folder=settings.data_dir / "objects"
                ),
                metrics=metrics,
                limit_of=shared.limit_of,
                cache=shared.cache,
                fan_out=shared.fan_out,
            )
        finally:
            passwords.close()
            await database.close()


@asynccontextmanager
async def open_readings(settings: CloudSettings, database: Database) -> AsyncIterator[ReadingStore]:
    """Make the store of readings that the settings ask for."""
    if settings.influx_url is None:
        yield PostgresReadingStore(database)
        return
    async with Influx.open(
        settings.influx_url, database=settings.influx_database, token=settings.influx_token
    ) as influx:
        yield InfluxReadingStore(database, influx)


def _workers(
    context: Context,
    readings: ReadingStore,
    roles: frozenset[str],
    *,
    random: Callable[[], float],
) -> Iterator[tuple[str, Work]]:
    """Return the work of some roles by name; subscriptions are made before listening."""
    settings = context.settings
    if "ingest" in roles:
        assert settings.mqtt_url is not None, "embedded() names every address"
        broker = BrokerAccess.parse(
            settings.mqtt_url,
            login=settings.mqtt_login,
            password=settings.mqtt_password,
            shares=settings.mqtt_shared,
        )
        yield "sync", SyncWorker(context, readings, broker=broker, random=random).run
        if settings.mqtt_logins_dir is not None:
            logins = Logins(context, LoginFiles(settings.mqtt_logins_dir))
            context.listener.subscribe(LOGINS_CHANNEL, logins)
            yield "logins", logins.run
    if "jobs" in roles:
        yield "deadlines", partial(end_what_is_overdue, context)
        yield "watch", partial(watch_hubs, context)
        mailer = Mailer.open(settings, clock=context.clock, ids=context.ids)
        yield "reset_requests", ResetRequests(context, Directory(), mailer).run
        yield "folding", Folding(context, readings).run
        yield "courier", Courier(context, carriers(context)).run
        for kind, way in job_kinds(context, readings).items():
            # One each, so that a fit of half an hour holds up no question of seconds.
            yield f"jobs.{kind}", Worker(context, {kind: way}).run
        for name, seconds, work in _again(context, readings):
            yield name, partial(every, seconds, work, context=context)
    yield "listener", context.listener.run
    if context.fan_out is not None:
        yield "fan_out", context.fan_out.run


class Logins(Subscriber):
    """Keeps the broker's logins as the database has them."""

    def __init__(self, context: Context, files: LoginFiles) -> None:
        self._context = context
        self._files = files
        self._changed = asyncio.Event()

    @override
    def heard(self, payload: str) -> None:
        self._changed.set()

    @override
    def missed(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        """Write the files whenever a hub came or went."""
        settings = self._context.settings
        assert settings.mqtt_password is not None, "who keeps the logins knows the cloud's own"
        own = cloud_login(settings.mqtt_login, settings.mqtt_password)
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            async with self._context.database.transaction() as tx:
                # Of several processes each writes what it has read before another one reads.
                await tx.session.execute(select(func.pg_advisory_xact_lock(_LOGINS_LOCK)))
                hubs = await broker_logins(tx)
                await asyncio.to_thread(self._files.write, [own, *hubs])


async def clean(context: Context) -> None:
    """Renew the documents of hubs in time, and forget what is over."""
    steps: dict[str, Step] = {
        "documents": renew_documents,
        "logins": channels.warn_of_ending,
        "changes": now(outbox.purge),
        "answers": now(idempotency.purge),
        "accounts": now(accounts_store.purge),
        "listening": now(listening.purge),
        "shelves": now(alert_store.purge_shelves),
        "messages": before(message_store.purge, messages.KEPT),
        "pictures": before(detection_store.let_go, detections.PICTURES_KEPT),
        "decisions": before(intelligence_store.purge, intelligence.KEPT),
        "jobs": before(job_store.purge, jobs.KEPT),
        "refused": before(refused.purge, refused.KEPT),
        "deliveries": before(channel_store.purge, GIVEN_UP_KEPT),
        "executions": before(schedule_store.purge_executions, executions.KEPT),
        "photographs": before(command_store.purge_photograph_requests, photographs.KEPT),
    }
    await in_steps(context.database, steps)


async def give_up_old_readings(context: Context, readings: ReadingStore) -> None:
    """Let go of what farms keep no longer."""
    gone = await give_up(context.database, readings, now=context.clock.now())
    context.metrics.days_left.inc(gone.left)


async def end_what_is_overdue(context: Context) -> None:
    """End orders whose lifetime is over, and call hubs offline that were not heard, in seconds."""
    while True:
        await context.clock.sleep(_DEADLINES_EVERY_S)
        async with context.database.transaction() as tx:
            await commands.expire(tx)
            await executions.end_unanswered(tx)
            await mark_silent(tx)


async def watch_twins(context: Context) -> None:
    """Raise alerts for twins that no longer foretell what comes."""
    async with context.database.transaction() as tx:
        await drift.watch_twins(tx)


async def watch_growth(context: Context, readings: ReadingStore) -> None:
    """Raise alerts for flocks and crops that fall behind what was foretold of them."""
    async with context.database.transaction() as tx:
        await growth.watch_growth(tx, readings)


async def watch_hubs(context: Context) -> None:
    """Raise the alerts that only the cloud can raise."""
    while True:
        async with context.database.transaction() as tx:
            await watching.watch_hubs(tx)
            await escalation.escalate(tx)
        await context.clock.sleep(_WATCH_EVERY_S)


def job_kinds(context: Context, readings: ReadingStore) -> Mapping[str, JobKind]:
    """Return what people may have done for them in a process of its own, by its name."""
    return {
        simulating.KIND: simulating.Simulating(readings=readings, forecasts=forecasts_of(context)),
        training.KIND: training.Training(readings=readings),
        calibrating.KIND: calibrating.Calibrating(readings=readings, documents=HubLimits()),
    }


def forecasts_of(context: Context) -> Forecasts:
    """Return who foretells the weather, as the settings say."""
    return Forecasts(
        url=context.settings.forecast_url,
        usual=context.settings.usual_weather,
        clock=context.clock,
    )


def _again(context: Context, readings: ReadingStore) -> Sequence[tuple[str, float, Work]]:
    """Return what is done again and again: its name, how often in seconds, and what it is."""
    return (
        ("cleaning", _CLEAN_EVERY_S, partial(clean, context)),
        ("drift", _DRIFT_EVERY_S, partial(watch_twins, context)),
        ("growth", _GROWING_EVERY_S, partial(watch_growth, context, readings)),
        ("saving", _SAVING_EVERY_S, partial(reckon_days, context, readings)),
        ("checking", _SAVING_EVERY_S, partial(check_days, context, readings)),
        (
            "growing",
            _GROWING_EVERY_S,
            partial(foretell, context, readings, forecasts_of(context)),
        ),
        ("retention", _GIVE_UP_EVERY_S, partial(give_up_old_readings, context, readings)),
    )


def _allow_many_sockets() -> None:
    """Take as many open files as this process may have: the usual 1024 are few sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the command line has its own."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _app(context: Context, readings: ReadingStore) -> FastAPI:
    settings = context.settings
    assert settings.mqtt_url is not None, "embedded() names every address"
    return create_app(
        context,
        readings,
        readiness=Readiness(
            {
                "database": database_probe(context.database),
                "schema": schema_probe(context.database),
                "broker": broker_probe(settings.mqtt_url),
                "readings": readings.answers,
                "objects": context.objects.answers,
            }
        ),
        web_folder=find_web_app(),
        limits=HttpLimits(
            per_minute=settings.rate_limit_per_minute,
            auth_per_minute=settings.rate_limit_auth_per_minute,
        ),
    )


def web_server(app: FastAPI, settings: CloudSettings) -> uvicorn.Server:
    """Return the server of an application of the cloud."""
    return _Server(
        uvicorn.Config(
            app,
            ws=LineProtocol,
            ws_max_size=64 * 1024,
            # Costs 97 KB a socket and saves little on frames of a few hundred bytes.
            ws_per_message_deflate=False,
            # The heart that beats for all sockets at once asks who is still there.
            ws_ping_interval=None,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=_GRACE_S,
            backlog=_BACKLOG,
        )
    )


async def _serve(context: Context, app: FastAPI) -> None:
    settings = context.settings
    _allow_many_sockets()
    server = web_server(app, settings)
    # Opened here: uvicorn would end the whole program where the port is taken.
    with listen_on(settings.http_host, settings.http_port, backlog=_BACKLOG) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True
            await serving
            raise
