"""Serves the built web app: hashed files for ever, the page itself never from an old cache."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

_HASHED = "assets/"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"
_METHODS = frozenset({"GET", "HEAD"})


class WebApp:
    """What answers where no route does: files, and the page for every address of the app."""

    def __init__(self, folder: Path, *, page: bytes | None = None) -> None:
        """Serve a folder, with `page` in the place of its own page where that is given."""
        self._files = StaticFiles(directory=folder)
        self._path = folder / "index.html"
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await nothing_here(scope, receive, send)
            return
        response = await self._response(scope)
        await response(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        path = scope["path"].lstrip("/")
        if scope["method"] not in _METHODS or path.startswith("v1/") or path == "v1":
            raise HTTPException(404)
        if path:
            try:
                response = await self._files.get_response(path, scope)
            except HTTPException as error:
                # An address of the app has no dot; a file that is not there is not there.
                if error.status_code != 404 or "." in path.rsplit("/", 1)[-1]:
                    raise
            else:
                hashed = path.startswith(_HASHED)
                response.headers["Cache-Control"] = _FOR_EVER if hashed else _ASK_EACH_TIME
                return response
        headers = {"Cache-Control": _ASK_EACH_TIME}
        if self._page is None:
            return FileResponse(self._path, headers=headers)
        return Response(self._page, headers=headers, media_type="text/html")


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer an address that is no route's."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4404, "reason": "not_found"})
        return
    del receive
    raise HTTPException(404)
