"""Puts the rooms together: one application with every route of the cloud."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse
from starlette.types import Scope

from tokkatot.cloud.accounts import api as accounts
from tokkatot.cloud.accounts import staff_api as accounts_staff
from tokkatot.cloud.alerts import api as alerts
from tokkatot.cloud.alerts import definitions_api, escalation_api, messages_api
from tokkatot.cloud.channels import api as channels
from tokkatot.cloud.commands import api as commands
from tokkatot.cloud.detections import ai_api
from tokkatot.cloud.detections import api as detections
from tokkatot.cloud.detections.detector import Detector
from tokkatot.cloud.devices import api as devices
from tokkatot.cloud.devices import staff_api as devices_staff
from tokkatot.cloud.farms import api as farms
from tokkatot.cloud.farms import cycles_api, harvests_api, houses_api
from tokkatot.cloud.farms.service import Directory
from tokkatot.cloud.intelligence import api as intelligence
from tokkatot.cloud.jobs import api as jobs
from tokkatot.cloud.overview import api as overview
from tokkatot.cloud.overview.remembered import Remembered
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.deadlocks import Again
from tokkatot.cloud.platform.errors import install_error_handlers
from tokkatot.cloud.platform.http import (
    BodyLimit,
    HttpLimits,
    RateLimits,
    ReadersLimit,
    RequestBoundary,
    RequestTimeout,
)
from tokkatot.cloud.platform.metrics import MEDIA_TYPE as METRICS_MEDIA_TYPE
from tokkatot.cloud.platform.openapi import describe
from tokkatot.cloud.platform.readiness import Readiness
from tokkatot.cloud.platform.routing import RoutesByShape
from tokkatot.cloud.realtime import api as realtime
from tokkatot.cloud.realtime.service import Realtime
from tokkatot.cloud.realtime.socket import PersonSockets
from tokkatot.cloud.reports import api as reports
from tokkatot.cloud.reports import daily_api
from tokkatot.cloud.schedules import api as schedules
from tokkatot.cloud.schedules import preview_api, rules_api
from tokkatot.cloud.schedules.misfits import Plans
from tokkatot.cloud.schedules.preview import Previews
from tokkatot.cloud.sync.desired import HubLimits
from tokkatot.cloud.telemetry import api as telemetry
from tokkatot.cloud.telemetry import (
    equipment_api,
    export_api,
    insights_api,
    retention_api,
    trace_api,
)
from tokkatot.cloud.telemetry.export import Exports
from tokkatot.cloud.telemetry.store import ReadingStore
from tokkatot.cloud.twins import api as twins
from tokkatot.cloud.twins import train_api
from tokkatot.domain.alarms import AlarmDefinition
from tokkatot.domain.rules import Rule
from tokkatot.domain.schedules import Does
from tokkatot.webapp.headers import SecurityHeaders
from tokkatot.webapp.serving import WebApp, nothing_here

ROUTERS: tuple[APIRouter, ...] = (
    accounts.router,
    accounts_staff.router,
    farms.router,
    houses_api.router,
    cycles_api.router,
    harvests_api.router,
    devices.router,
    devices_staff.router,
    telemetry.router,
    trace_api.router,
    equipment_api.router,
    daily_api.router,
    export_api.router,
    insights_api.router,
    retention_api.router,
    ai_api.router,
    detections.router,
    intelligence.router,
    jobs.router,
    twins.router,
    train_api.router,
    commands.router,
    preview_api.router,
    schedules.router,
    schedules.staff_router,
    rules_api.router,
    alerts.router,
    definitions_api.router,
    escalation_api.router,
    messages_api.router,
    channels.router,
    reports.router,
    realtime.router,
    overview.router,
)

_GZIP_FROM_BYTES = 1024
_GZIP_LEVEL = 4
"""A chart takes 6 % more bytes than at level 6, and half the time."""


class Health(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """Whether every part answers."""

    ready: bool
    parts: Mapping[str, bool]


def create_app(
    context: Context,
    readings: ReadingStore,
    *,
    readiness: Readiness,
    web_folder: Path | None,
    limits: HttpLimits,
) -> FastAPI:
    """Return the application; `web_folder` None leaves the web app out.

    Its `state.realtime` serves sockets while the caller runs it, and its `state.detector` lets go
    of the process that it has started.
    """
    app = FastAPI(
        title="Tokkatot",
        version=version("tokkatot"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.context = context
    app.state.readings = readings
    app.state.farm_directory = Directory()
    app.state.invitations = context.limit_of("invite", limits.invitations_per_minute)
    app.state.alert_digest = alerts.Digest()
    app.state.structs = {"Does": Does, "Rule": Rule, "Alarm": AlarmDefinition}
    app.state.automation = Plans()
    app.state.documents = HubLimits()
    app.state.previews = Previews()
    app.state.exports = Exports()
    app.state.detector = Detector.of(context)
    app.state.realtime = Realtime(
        context.database, context.ears, clock=context.clock, metrics=context.metrics
    )
    install_error_handlers(app)
    app.router.routes.append(RoutesByShape(route for router in ROUTERS for route in router.routes))
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(_operations(app, context, readiness))
    app.router.default = WebApp(web_folder) if web_folder else nothing_here
    _wrap(app, context, limits)
    return app


def _wrap(app: FastAPI, context: Context, limits: HttpLimits) -> None:
    """Put the layers around the routes; the one added last is the outermost."""
    public_url = context.settings.public_url or ""
    app.add_middleware(Again)
    app.add_middleware(RequestTimeout, timeout_s=limits.timeout_s)
    app.add_middleware(BodyLimit, limits=limits, is_upload=_is_upload)
    app.add_middleware(GZipMiddleware, minimum_size=_GZIP_FROM_BYTES, compresslevel=_GZIP_LEVEL)
    app.add_middleware(Remembered, context=context)
    app.add_middleware(ReadersLimit, at_once=limits.readers_at_once)
    app.add_middleware(PersonSockets, context=context, realtime=app.state.realtime)
    app.add_middleware(
        RateLimits,
        every=context.limit_of("all", limits.per_minute),
        auth=context.limit_of("auth", limits.auth_per_minute),
    )
    app.add_middleware(SecurityHeaders, https=public_url.startswith("https://"))
    app.add_middleware(RequestBoundary, metrics=context.metrics, clock=context.clock)


def _is_upload(scope: Scope) -> bool:
    """Tell whether a request carries a picture."""
    path = str(scope["path"])
    return path.startswith("/v1/ai/") or path.endswith("/detections")


def _operations(app: FastAPI, context: Context, readiness: Readiness) -> APIRouter:
    router = APIRouter(tags=["operations"])
    described: dict[str, Any] = {}

    @router.get("/health")
    async def health() -> Health:
        """Answer as long as the process runs."""
        return Health(status="ok")

    @router.get("/ready", responses={503: {"model": Ready}})
    async def ready(response: Response) -> Ready:
        """Tell whether database, schema, broker and the stores of readings and files answer."""
        parts = await readiness.ask()
        if not all(parts.values()):
            response.status_code = 503
        return Ready(ready=all(parts.values()), parts=parts)

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Return the counters in Prometheus' format."""
        return Response(context.metrics.render(), media_type=METRICS_MEDIA_TYPE)

    @router.get("/v1/openapi.json", response_class=JSONResponse)
    async def openapi() -> Response:
        """Return this description."""
        if not described:
            described.update(describe(app, title=app.title, version=app.version))
        return JSONResponse(described, headers={"Cache-Control": "no-cache"})

    return router
