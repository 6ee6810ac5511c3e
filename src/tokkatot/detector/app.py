"""The routes of the detector."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tokkatot.detector.answers import Json, brief, detailed
from tokkatot.detector.turns import Crowded, JudgingFailed, Seen, Turns
from tokkatot.vision.detect.detector import Detecting
from tokkatot.vision.preprocess.decoding import PictureRefused
from tokkatot.vision.preprocess.limits import MAX_BYTES
from tokkatot.wire.problems import CODES, MEDIA_TYPE, problem_type

FIELD: Final = "image"
BODY_WITHIN_S: Final = 30.0
RETRY_AFTER_S: Final = 2

_AROUND_BYTES: Final = 16 * 1024
"""Of a multipart body beside its file."""
_BY_STATUS: Final[Mapping[int, str]] = {404: "not_found", 405: "method_not_allowed"}


class Problem(Exception):
    """An operating error that the caller is told of."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class DetectorApp:
    """Answers by HTTP what the detector says."""

    def __init__(self, detector: Detecting, *, new_id: Callable[[], object]) -> None:
        self._detector = detector
        self._new_id = new_id
        self._turns = Turns(detector)
        self._reading = 0
        routes = [
            route
            for prefix in ("/v1/ai", "")
            for route in (
                Route(f"{prefix}/predict", self._predict, methods=["POST"]),
                Route(f"{prefix}/predict/detailed", self._predict_detailed, methods=["POST"]),
                Route(f"{prefix}/predict/pictured", self._predict_pictured, methods=["POST"]),
                Route(f"{prefix}/health", self._health, methods=["GET"]),
            )
        ]
        self.asgi = Starlette(
            routes=routes,
            lifespan=self._lifespan,
            exception_handlers={
                Problem: self._problem,
                HTTPException: self._missing,
                Exception: self._failed,
            },
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            turns = tasks.create_task(self._turns.run())
            yield
            turns.cancel()

    async def _predict(self, request: Request) -> Response:
        seen, _ = await self._judged(request)
        return _json(brief(seen.verdict))

    async def _predict_detailed(self, request: Request) -> Response:
        seen, _ = await self._judged(request)
        return _json(detailed(seen.verdict, version=self._detector.version))

    async def _predict_pictured(self, request: Request) -> Response:
        """Answer with a small picture too, so that who keeps it need not open the file."""
        seen, data = await self._judged(request, pictured=True)
        assert seen.small is not None, "it was asked for"
        return _json(
            {
                **detailed(seen.verdict, version=self._detector.version),
                "sha256": hashlib.sha256(data).hexdigest(),
                "thumbnail": b64encode(seen.small).decode(),
            }
        )

    async def _health(self, _: Request) -> Response:
        return _json(
            {
                "status": "ok",
                "models": list(self._detector.models),
                "version": self._detector.version,
                "waiting": self._turns.waiting,
            }
        )

    async def _judged(self, request: Request, *, pictured: bool = False) -> tuple[Seen, bytes]:
        # A body is memory too: who can't be judged soon is told so before sending it all.
        if self._reading + self._turns.waiting >= self._turns.limit:
            raise Problem("unavailable")
        self._reading += 1
        try:
            data = await _file_of(request)
        finally:
            self._reading -= 1
        try:
            return await self._turns.judged(data, pictured=pictured), data
        except PictureRefused as refusal:
            raise Problem("picture_refused", str(refusal)) from None
        except Crowded:
            raise Problem("unavailable") from None
        except JudgingFailed:
            raise Problem("internal") from None

    # ------------------------------------------------------------------------------------ problems

    async def _problem(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, Problem), "registered for it"
        return self._answer(error)

    async def _missing(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException), "registered for it"
        answer = self._answer(Problem(_BY_STATUS.get(error.status_code, "internal")))
        answer.headers.update(error.headers or {})
        return answer

    async def _failed(self, _: Request, __: Exception) -> Response:
        return self._answer(Problem("internal"))

    def _answer(self, problem: Problem) -> Response:
        spec = CODES[problem.code]
        body = {
            "type": problem_type(problem.code),
            "title": spec.title,
            "status": spec.status.value,
            "detail": problem.detail or f"{spec.title}. {spec.advice}",
            "code": problem.code,
            "request_id": str(self._new_id()),
        }
        headers = {"Retry-After": str(RETRY_AFTER_S)} if problem.code == "unavailable" else None
        return Response(msgspec.json.encode(body), spec.status.value, headers, MEDIA_TYPE)


async def _file_of(request: Request) -> bytes:
    """Return the bytes of the field `image`."""
    body = await _body_of(request)

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(request.headers, once(), max_files=1, max_fields=4).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise Problem("validation_failed", f"The body is no multipart form: {error}") from None
    try:
        file = form.get(FIELD)
        if not isinstance(file, UploadFile):
            raise Problem("validation_failed", f"A file in the field `{FIELD}` is wanted.")
        return await file.read()
    finally:
        await form.close()


async def _body_of(request: Request) -> bytes:
    received = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                received += chunk
                if len(received) > MAX_BYTES + _AROUND_BYTES:
                    raise Problem("body_too_large")
    except (TimeoutError, ClientDisconnect):
        raise Problem("validation_failed", "The body did not come in time.") from None
    return bytes(received)


def _json(body: Json) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")
