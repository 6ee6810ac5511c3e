"""The hub's page as one application: what the cloud has that a farm needs while it is alone."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute

from tokkatot.hub.web.acts import Acts
from tokkatot.hub.web.door import Door
from tokkatot.hub.web.guard import Guard
from tokkatot.hub.web.parts import Parts
from tokkatot.hub.web.problems import Answers, HubProblem
from tokkatot.hub.web.reads import Reads
from tokkatot.hub.web.socket import Sockets
from tokkatot.webapp.headers import API_PREFIX, SecurityHeaders
from tokkatot.webapp.serving import WebApp, nothing_here


class HubApp:
    """Answers requests from what the hub knows; no handler waits for more than a body or a disk."""

    def __init__(self, parts: Parts, *, web_folder: Path | None) -> None:
        self._sockets = Sockets(
            farm_id=parts.farm_id,
            feed=parts.feed,
            clock=parts.clock,
            check=lambda token: parts.people.known(token, parts.control.view.document),
            snapshot=parts.screens.snapshot,
        )
        answers = Answers(parts.new_id)
        door = Door(parts)
        self.asgi = Starlette(
            routes=[
                *door.routes(),
                *Reads(parts, door).routes(),
                *Acts(parts, door).routes(),
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
            nothing_here
            if web_folder is None
            else WebApp(web_folder, page=_marked(web_folder, parts))
        )


def _marked(folder: Path, parts: Parts) -> bytes:
    """Return the app's page with the mark by which it knows that a hub serves it."""
    mark = f'<meta name="tokkatot-hub" content="{parts.hub_id}"></head>'
    html = (folder / "index.html").read_text(encoding="utf-8")
    return html.replace("</head>", mark, 1).encode()
