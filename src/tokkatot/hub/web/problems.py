"""Errors of the hub's page, in the shape of the cloud's."""

from collections.abc import Callable
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tokkatot.wire.problems import CODES, MEDIA_TYPE, problem_type

_BY_STATUS: Final = {404: "not_found", 405: "method_not_allowed", 503: "unavailable"}


class HubProblem(Exception):
    """An operating error that the caller is told of; its code decides the status."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        field: tuple[str, str] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.field = field
        """The field of the request that is not right, and a code for what is wrong with it."""
        self.retry_after_s = retry_after_s


class Answers:
    """Turns what went wrong into answers, each with a number of its own."""

    def __init__(self, new_id: Callable[[], object]) -> None:
        self._new_id = new_id

    async def problem(self, _: Request, error: Exception) -> Response:
        """Answer a problem of ours."""
        assert isinstance(error, HubProblem), "registered for it"
        return self.answer(error)

    async def missing(self, _: Request, error: Exception) -> Response:
        """Answer what the router found missing."""
        assert isinstance(error, HTTPException), "registered for it"
        answer = self.answer(HubProblem(_BY_STATUS.get(error.status_code, "internal")))
        answer.headers.update(error.headers or {})
        return answer

    async def failed(self, _: Request, __: Exception) -> Response:
        """Answer what nobody caught; the details stay in the log."""
        return self.answer(HubProblem("internal"))

    def answer(self, problem: HubProblem) -> Response:
        """Return a problem as an answer."""
        spec = CODES[problem.code]
        body: dict[str, object] = {
            "type": problem_type(problem.code),
            "title": spec.title,
            "status": spec.status.value,
            "detail": problem.detail or f"{spec.title}. {spec.advice}",
            "code": problem.code,
            "request_id": str(self._new_id()),
        }
        if problem.field is not None:
            name, code = problem.field
            body["errors"] = [{"field": name, "code": code, "detail": body["detail"]}]
        headers = {"Cache-Control": "no-store"}
        if problem.retry_after_s is not None:
            headers["Retry-After"] = str(problem.retry_after_s)
        if spec.status.value == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(msgspec.json.encode(body), spec.status.value, headers, MEDIA_TYPE)
