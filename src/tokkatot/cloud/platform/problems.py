"""What can go wrong in a request: one table of codes, one shape (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

from pydantic import BaseModel, Field


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSpec:
    """How a code is answered: its status, a title for people, what the reader can do about it."""

    status: HTTPStatus
    title: str
    advice: str


def _spec(status: HTTPStatus, title: str, advice: str) -> CodeSpec:
    return CodeSpec(status=status, title=title, advice=advice)


CODES: Mapping[str, CodeSpec] = MappingProxyType(
    {
        "unauthenticated": _spec(
            HTTPStatus.UNAUTHORIZED, "You are not logged in", "Log in and send the access token."
        ),
        "session_ended": _spec(HTTPStatus.UNAUTHORIZED, "Your session has ended", "Log in again."),
        "login_failed": _spec(
            HTTPStatus.UNAUTHORIZED,
            "The login or the password is wrong",
            "Check both; a farm's owner or staff can give a reset code.",
        ),
        "forbidden": _spec(
            HTTPStatus.FORBIDDEN,
            "Your role does not allow this",
            "Ask the farm's owner for another role.",
        ),
        "not_found": _spec(
            HTTPStatus.NOT_FOUND,
            "There is no such thing",
            "Check the address; what was deleted or belongs to another farm is not there either.",
        ),
        "method_not_allowed": _spec(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "This address does not take that method",
            "See the `Allow` header.",
        ),
        "validation_failed": _spec(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "Something in the request is not right",
            "`errors` names each field.",
        ),
        "conflict": _spec(
            HTTPStatus.CONFLICT,
            "This does not fit how things stand",
            "Look at the present state and decide again.",
        ),
        "already_exists": _spec(
            HTTPStatus.CONFLICT, "There is one already", "Use the one there is, or another name."
        ),
        "last_owner": _spec(
            HTTPStatus.CONFLICT,
            "A farm keeps at least one owner",
            "Make another member an owner first.",
        ),
        "key_unknown": _spec(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "This registration key is not known",
            "Check the letters on the card.",
        ),
        "key_used": _spec(
            HTTPStatus.CONFLICT,
            "This registration key has been used",
            "Log in, or ask staff for a new key.",
        ),
        "key_expired": _spec(
            HTTPStatus.GONE, "This registration key has expired", "Ask staff for a new key."
        ),
        "code_wrong": _spec(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The login or the code is wrong",
            "Check both; after five wrong tries a new code is needed.",
        ),
        "code_expired": _spec(
            HTTPStatus.GONE,
            "This code has expired",
            "Ask the farm's owner or staff for a new code.",
        ),
        "rate_limited": _spec(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many requests",
            "Wait as many seconds as `Retry-After` says.",
        ),
        "body_too_large": _spec(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large", "Send less."
        ),
        "state_unknown": _spec(
            HTTPStatus.CONFLICT,
            "The device has not reported what it is doing",
            "Say `on` or `off` instead of `toggle`.",
        ),
        "device_offline": _spec(
            HTTPStatus.CONFLICT, "The device is offline", "Look at its power and its network."
        ),
        "hub_offline": _spec(
            HTTPStatus.CONFLICT,
            "The farm's hub is offline",
            "Look at its power and its internet; nothing was queued.",
        ),
        "no_hub": _spec(
            HTTPStatus.CONFLICT, "No hub drives this device", "Ask staff to set one up."
        ),
        "idempotency_mismatch": _spec(
            HTTPStatus.CONFLICT,
            "This Idempotency-Key was used for another request",
            "Use a new key for a new request.",
        ),
        "unavailable": _spec(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The service is busy or a part of it is down",
            "Try again after as many seconds as `Retry-After` says.",
        ),
        "internal": _spec(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "Something went wrong on our side",
            "Try again; if it stays, tell us the `request_id`.",
        ),
    }
)

MEDIA_TYPE = "application/problem+json"


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
            type=f"urn:tokkatot:problem:{self.code}",
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

    def __init__(self, code: str = "conflict", detail: str | None = None) -> None:
        super().__init__(code, detail)


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


def invalid_field(field: str, code: str, detail: str) -> Invalid:
    """Return the problem of one field."""
    return Invalid(detail=detail, errors=[FieldError(field=field, code=code, detail=detail)])
