"""Finds the route of a path by its shape, where FastAPI would ask every route in turn."""

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

from fastapi.routing import APIRoute
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send
from typing_extensions import override

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PARAMETER = re.compile(r"{[^}]*}")
_SAMPLE = str(UUID(int=0))


class RoutesByShape(BaseRoute):
    """Stands before all other routes for those whose parameters are ids.

    The shape of a path is the path without its ids. Paths of one shape are matched by the same
    routes, and there are no more shapes than routes. What has another shape is not found here.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        known = [route for route in routes if isinstance(route, APIRoute)]
        shapes = {_PARAMETER.sub("", route.path_format): route for route in known}
        self._routes = {
            shape: _matching(known, _PARAMETER.sub(_SAMPLE, route.path_format))
            for shape, route in shapes.items()
        }

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        for route in self._routes.get(_ID.sub("", scope["path"]), ()):
            match, found = route.matches(scope)
            if match is Match.FULL:
                return match, found
        return Match.NONE, {}

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = scope["route"]
        assert isinstance(route, APIRoute), "set by what has matched"
        await route.handle(scope, receive, send)

    @override
    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        raise NoMatchFound(name, path_params)


def _matching(routes: Sequence[APIRoute], path: str) -> Sequence[APIRoute]:
    return [route for route in routes if route.path_regex.match(path)]
