"""What can go wrong in a request, as the exceptions that routes raise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import BaseModel, Field

from tokkatot.wire.problems import CODES, problem_type


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One field of the request that is not right."""

    field: str
    code: str
    detail: str


class FieldErrorBody(BaseModel):
    """One field of the request that is not right."""

    field: str = Field(description="Where in the request, its parts joined by dots.")
    code: str
    detail: str


class ProblemBody(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="An address that names the code.")
    title: str
    status: int
    detail: str = Field(description="A sentence that a person can act on.")
    code: str
    request_id: str
    errors: list[FieldErrorBody] | None = None


class Problem(Exception):
    """An operating error that the caller is told of; its code decides the status."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        spec = CODES[code]
        self.code = code
        self.status = spec.status
        self.title = spec.title
        self.detail = detail or f"{spec.title}. {spec.advice}"
        self.errors = tuple(errors)
        self.headers = dict(headers)
        super().__init__(f"{code}: {self.detail}")

    def body(self, request_id: str) -> ProblemBody:
        """Return the answer's body."""
        return ProblemBody(
            type=problem_type(self.code),
            title=self.title,
            status=self.status.value,
            detail=self.detail,
            code=self.code,
            request_id=request_id,
            errors=[
                FieldErrorBody(field=e.field, code=e.code, detail=e.detail) for e in self.errors
            ]
            or None,
        )


class Unauthenticated(Problem):
    """Nobody, or nobody any more."""

    def __init__(self, code: str = "unauthenticated", detail: str | None = None) -> None:
        super().__init__(code, detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    """A member whose role lacks the right."""

    def __init__(self, right: str, detail: str | None = None) -> None:
        super().__init__("forbidden", detail)
        self.right = right


class NotFound(Problem):
    """There is no such thing, or not for this caller."""

    def __init__(self, what: str) -> None:
        super().__init__("not_found", f"There is no such {what}.")
        self.what = what


class Conflict(Problem):
    """The request does not fit how things stand."""

    def __init__(
        self,
        code: str = "conflict",
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(code, detail, errors=errors)


class Invalid(Problem):
    """The request itself is not right."""

    def __init__(
        self,
        code: str = "validation_failed",
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(code, detail, errors=errors)


class RateLimited(Problem):
    """Too much in too short a time."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("rate_limited", headers={"Retry-After": str(max(retry_after_s, 1))})
        self.retry_after_s = retry_after_s


class TooLarge(Problem):
    """The body is above the limit."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__("body_too_large", f"The limit is {limit_bytes} bytes.")
        self.limit_bytes = limit_bytes


class Unavailable(Problem):
    """A part of the service is down or too busy."""

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 2) -> None:
        super().__init__("unavailable", detail, headers={"Retry-After": str(retry_after_s)})


def taken(field: str, detail: str) -> Conflict:
    """Return the problem of a field whose value somebody or something else has."""
    return Conflict(
        "already_exists", detail, errors=[FieldError(field=field, code="taken", detail=detail)]
    )


def invalid_field(field: str, code: str, detail: str) -> Invalid:
    """Return the problem of one field."""
    return Invalid(detail=detail, errors=[FieldError(field=field, code=code, detail=detail)])
