"""The routes of the hub's page: those of the cloud that a farm needs while it is alone."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.domain.quantities import SPECS, Quantity
from tokkatot.hub.loop import SILENT_FOR_S, ControlLoop
from tokkatot.hub.web.feed import Feed, Json
from tokkatot.hub.web.guard import LOOPBACK, Guard
from tokkatot.hub.web.machine import machine_state
from tokkatot.hub.web.notebook import Notebook
from tokkatot.hub.web.people import Entered, People, Person
from tokkatot.hub.web.problems import Answers, HubProblem
from tokkatot.hub.web.screens import Screens, setpoints
from tokkatot.hub.web.socket import Sockets
from tokkatot.hub.web.taps import OrderBody, Taps
from tokkatot.kit.clock import Clock, to_ms
from tokkatot.webapp.headers import API_PREFIX, SecurityHeaders
from tokkatot.webapp.serving import WebApp, nothing_here
from tokkatot.wire.passes import MAX_PASS_CHARS, lan_name

JSON: Final = "application/json"
MAX_BODY_BYTES: Final = 8 * 1024
BODY_WITHIN_S: Final = 5.0
MAX_POINTS: Final = 5_000
DAY_MS: Final = 86_400_000
SESSION_S: Final = 12 * 3600

_Instant = Annotated[datetime, Meta(tz=True)]
Figures = Callable[[], Mapping[str, object]]
S = TypeVar("S", bound=Struct)


class EnterBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A pass or the PIN."""

    token: Annotated[str, Meta(max_length=MAX_PASS_CHARS)] | None = None
    pin: Annotated[str, Meta(max_length=32)] | None = None


class RenewBody(Struct, frozen=True):
    """What a session was begun with."""

    refresh_token: Annotated[str, Meta(max_length=MAX_PASS_CHARS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the routes stand on."""

    farm_id: FarmId
    hub_id: HubId
    names: frozenset[str]
    """What people may call the page, beside its number."""
    software: str
    control: ControlLoop
    people: People
    notes: Notebook
    screens: Screens
    feed: Feed
    taps: Taps
    clock: Clock
    new_id: Callable[[], object]
    figures: Figures


class HubApp:
    """Answers requests from what the hub knows; no handler waits for more than a body or a disk."""

    def __init__(self, parts: Parts, *, web_folder: Path | None) -> None:
        self._parts = parts
        self._sockets = Sockets(
            farm_id=parts.farm_id,
            feed=parts.feed,
            clock=parts.clock,
            check=lambda token: parts.people.known(token, parts.control.view.document),
            snapshot=parts.screens.snapshot,
        )
        answers = Answers(parts.new_id)
        farm = f"{API_PREFIX}farms/{{farm:uuid}}"
        house, device = f"{farm}/houses/{{house:uuid}}", f"{farm}/devices/{{device:uuid}}"
        self.asgi = Starlette(
            routes=[
                Route("/health", self._health),
                Route(f"{API_PREFIX}state", self._state),
                Route(f"{API_PREFIX}hub", self._hub),
                Route(f"{API_PREFIX}auth/hub-pass", self._enter, methods=["POST"]),
                Route(f"{API_PREFIX}auth/refresh", self._renew, methods=["POST"]),
                Route(f"{API_PREFIX}auth/logout", self._leave, methods=["POST"]),
                Route(f"{API_PREFIX}users/me", self._me),
                Route(f"{API_PREFIX}farms", self._farms),
                Route(farm, self._farm),
                Route(f"{farm}/houses", self._houses),
                Route(f"{farm}/alerts", self._alerts),
                Route(f"{farm}/changes", self._changes),
                Route(f"{house}/state", self._house),
                Route(f"{house}/history", self._history),
                Route(f"{house}/setpoints", self._setpoints),
                Route(f"{device}/commands", self._give, methods=["POST"]),
                Route(f"{device}/commands", self._commands),
                Route(f"{device}/commands/{{command:uuid}}", self._command),
                WebSocketRoute(f"{API_PREFIX}ws", self._sockets.serve),
            ],
            exception_handlers={
                HubProblem: answers.problem,
                HTTPException: answers.missing,
                Exception: answers.failed,
            },
            middleware=[
                Middleware(SecurityHeaders, https=False),
                Middleware(Guard, names=parts.names, clock=parts.clock, answers=answers),
            ],
        )
        self.asgi.router.redirect_slashes = False
        self.asgi.router.default = (
            nothing_here if web_folder is None else WebApp(web_folder, page=self._page(web_folder))
        )

    def _page(self, folder: Path) -> bytes:
        """Return the app's page with the mark by which it knows that a hub serves it."""
        mark = f'<meta name="tokkatot-hub" content="{self._parts.hub_id}"></head>'
        html = (folder / "index.html").read_text(encoding="utf-8")
        return html.replace("</head>", mark, 1).encode()

    # ----------------------------------------------------------------------------- who it is for

    def _document(self) -> DesiredDocument:
        document = self._parts.control.view.document
        if document is None:
            raise HubProblem("unavailable", "The hub has not heard from the cloud yet.")
        return document

    def _person(self, request: Request) -> Person:
        farm = request.path_params.get("farm")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise HubProblem("unauthenticated")
        person = self._parts.people.known(token, self._parts.control.view.document)
        if farm is not None and farm != self._parts.farm_id:
            raise HubProblem("not_found", "There is no such farm here.")
        return person

    async def _enter(self, request: Request) -> Response:
        body = await _body(request, EnterBody)
        document = self._parts.control.view.document
        if body.token is not None:
            return self._entered(self._parts.people.enter_by_pass(body.token, document))
        if body.pin is not None:
            return self._entered(await self._parts.people.enter_by_pin(body.pin, document))
        raise HubProblem("validation_failed", "Send a token or a pin.")

    async def _renew(self, request: Request) -> Response:
        body = await _body(request, RenewBody)
        document = self._parts.control.view.document
        return self._entered(self._parts.people.enter_by_pass(body.refresh_token, document))

    async def _leave(self, request: Request) -> Response:
        self._person(request)
        self._parts.people.leave(request.headers["authorization"].partition(" ")[2])
        return Response(status_code=204)

    def _entered(self, entered: Entered) -> Response:
        document, person = self._document(), entered.person
        return _json(
            {
                "access_token": entered.token,
                "refresh_token": entered.renewal,
                "token_type": "bearer",
                "expires_in": SESSION_S,
                "user": _user(person, document),
                "farms": [self._parts.screens.farm(document, person.role)],
            }
        )

    async def _me(self, request: Request) -> Response:
        return _json(_user(self._person(request), self._document()))

    # ------------------------------------------------------------------------------- what it shows

    async def _health(self, _: Request) -> Response:
        silent_s = self._parts.control.silent_s()
        well = silent_s < SILENT_FOR_S
        body: Json = {"status": "ok" if well else "stuck", "control_silent_s": round(silent_s, 3)}
        return _json(body, 200 if well else 503)

    async def _state(self, request: Request) -> Response:
        # It asks nobody who they are, so it is for this machine alone.
        if request.client is None or request.client.host not in LOOPBACK:
            raise HubProblem("not_found")
        return _json({**self._parts.figures(), **machine_state(self._parts.control)})

    async def _hub(self, _: Request) -> Response:
        parts = self._parts
        return _json(
            {
                "id": str(parts.hub_id),
                "farm_id": str(parts.farm_id),
                "software": parts.software,
                "name": lan_name(parts.hub_id),
            }
        )

    async def _farms(self, request: Request) -> Response:
        role = self._person(request).role
        return _page([self._parts.screens.farm(self._document(), role)])

    async def _farm(self, request: Request) -> Response:
        role = self._person(request).role
        return _json(self._parts.screens.farm(self._document(), role))

    async def _houses(self, request: Request) -> Response:
        self._person(request)
        return _page(self._parts.screens.cards(self._document()))

    async def _house(self, request: Request) -> Response:
        role = self._person(request).role
        found = self._parts.screens.house(self._document(), request.path_params["house"], role)
        if found is None:
            raise HubProblem("not_found", "There is no such house here.")
        return _json(found)

    async def _setpoints(self, request: Request) -> Response:
        self._person(request)
        for house in self._document().houses:
            if house.id == request.path_params["house"]:
                return _json(setpoints(house))
        raise HubProblem("not_found", "There is no such house here.")

    async def _alerts(self, request: Request) -> Response:
        self._person(request)
        return _page(self._parts.notes.alerts())

    async def _history(self, request: Request) -> Response:
        self._person(request)
        house_id, query = request.path_params["house"], request.query_params
        devices = [str(d.id) for d in self._document().devices if d.house_id == house_id]
        now_ms = self._parts.clock.now_ms()
        end_ms = _instant(query.get("to"), now_ms + 1)
        drawn = self._parts.notes.history.draw(
            [one for one in devices if one in query.getlist("device")]
            if "device" in query
            else devices,
            query.getlist("quantity"),
            start_ms=_instant(query.get("from"), end_ms - DAY_MS),
            end_ms=end_ms,
            points=_number(query.get("points"), 500, at_most=MAX_POINTS),
        )
        series = [
            {
                "device_id": one.device,
                "quantity": one.quantity,
                "unit": SPECS[Quantity(one.quantity)].unit,
                "points": one.points,
                "truncated": one.summed_up,
            }
            for one in drawn
        ]
        return _json({"series": series})

    async def _changes(self, request: Request) -> Response:
        self._person(request)
        feed = self._parts.feed
        missed = feed.since(_number(request.query_params.get("since"), 0, at_most=2**53))
        return _json(
            {
                "items": missed or [],
                "next_since": feed.seq,
                "reload": missed is None,
                "snapshot": self._parts.screens.snapshot(),
            }
        )

    # --------------------------------------------------------------------------------- its orders

    async def _give(self, request: Request) -> Response:
        person = self._person(request)
        device = self._parts.notes.device(str(request.path_params["device"]))
        if device is None:
            raise HubProblem("not_found", "There is no such device here.")
        body = await _body(request, OrderBody)
        key = request.headers.get("idempotency-key")
        return _json(await self._parts.taps.give(device, body, person, key=key), 202)

    async def _commands(self, request: Request) -> Response:
        self._person(request)
        return _page(self._parts.notes.commands(str(request.path_params["device"])))

    async def _command(self, request: Request) -> Response:
        self._person(request)
        found = self._parts.notes.command(str(request.path_params["command"]))
        if found is None or found["device_id"] != str(request.path_params["device"]):
            raise HubProblem("not_found", "There is no such command here.")
        return _json(found)


async def _body(request: Request, kind: type[S]) -> S:
    """Read a short body within a short time."""
    received = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                received += chunk
                if len(received) > MAX_BODY_BYTES:
                    raise HubProblem("body_too_large")
        return msgspec.json.decode(received, type=kind)
    except (TimeoutError, ClientDisconnect):
        raise HubProblem("validation_failed", "The body did not come in time.") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise HubProblem("validation_failed", str(error)[:300]) from error


def _user(person: Person, document: DesiredDocument) -> Json:
    return {
        "id": str(person.user_id),
        "name": person.name,
        "phone": None,
        "email": None,
        "language": person.language.value,
        "time_zone": document.time_zone,
        "avatar": None,
        "contact_verified": True,
        "is_staff": False,
    }


def _json(body: Json, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type=JSON)


def _page(items: list[Json]) -> Response:
    return _json({"items": items, "next_cursor": None})


def _instant(text: str | None, otherwise_ms: int) -> int:
    if text is None:
        return otherwise_ms
    try:
        return to_ms(msgspec.convert(text, _Instant, strict=False))
    except (msgspec.ValidationError, OverflowError):
        raise HubProblem("validation_failed", "A time is to be as in RFC 3339.") from None


def _number(text: str | None, otherwise: int, *, at_most: int) -> int:
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdigit() or len(text) > 16 or not 0 <= int(text) <= at_most:
        raise HubProblem("validation_failed", f"A number up to {at_most} is wanted.")
    return int(text)
