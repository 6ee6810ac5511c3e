"""The routes by which people come in and go, and who asks on all the others."""

from typing import Annotated, Final

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.people import Right
from tokkatot.hub.web.asking import answer, body_of
from tokkatot.hub.web.feed import Json
from tokkatot.hub.web.parts import Parts
from tokkatot.hub.web.people import SESSION_S, Entered, Person
from tokkatot.hub.web.problems import HubProblem
from tokkatot.webapp.headers import API_PREFIX
from tokkatot.wire.passes import MAX_PASS_CHARS

MAX_PIN_CHARS: Final = 32


class EnterBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A pass or the PIN."""

    token: Annotated[str, Meta(max_length=MAX_PASS_CHARS)] | None = None
    pin: Annotated[str, Meta(max_length=MAX_PIN_CHARS)] | None = None


class RenewBody(Struct, frozen=True):
    """What a session was begun with."""

    refresh_token: Annotated[str, Meta(max_length=MAX_PASS_CHARS)]


class Door:
    """Lets people in by pass or PIN."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(f"{API_PREFIX}auth/hub-pass", self._enter, methods=["POST"]),
            Route(f"{API_PREFIX}auth/refresh", self._renew, methods=["POST"]),
            Route(f"{API_PREFIX}auth/logout", self._leave, methods=["POST"]),
            Route(f"{API_PREFIX}users/me", self._me),
        ]

    def person(self, request: Request) -> Person:
        """Return who asks.

        Raises:
            HubProblem: when nobody does, or they ask about another farm.
        """
        person = self._parts.people.known(_token(request), self._parts.control.view.document)
        if request.path_params.get("farm", self._parts.farm_id) != self._parts.farm_id:
            raise HubProblem("not_found", "There is no such farm here.")
        return person

    def operator(self, request: Request) -> Person:
        """Return who asks, where they may operate.

        Raises:
            HubProblem: when they may not.
        """
        person = self.person(request)
        if not person.may(Right.OPERATE):
            raise HubProblem("forbidden")
        return person

    async def _enter(self, request: Request) -> Response:
        body = await body_of(request, EnterBody)
        document = self._parts.document()
        if body.token is not None:
            return await self._entered(self._parts.people.enter_by_pass(body.token, document))
        if body.pin is not None:
            return await self._entered(await self._parts.people.enter_by_pin(body.pin, document))
        raise HubProblem("validation_failed", "Send a token or a pin.")

    async def _renew(self, request: Request) -> Response:
        body = await body_of(request, RenewBody)
        people, document = self._parts.people, self._parts.document()
        return await self._entered(people.enter_by_pass(body.refresh_token, document))

    async def _leave(self, request: Request) -> Response:
        self.person(request)
        self._parts.people.leave(_token(request))
        return Response(status_code=204)

    async def _entered(self, entered: Entered) -> Response:
        if not await self._parts.past.told():
            raise HubProblem("unavailable", "The hub is busy.", retry_after_s=2)
        document, person = self._parts.document(), entered.person
        return answer(
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
        return answer(_user(self.person(request), self._parts.document()))


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise HubProblem("unauthenticated")
    return token


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
