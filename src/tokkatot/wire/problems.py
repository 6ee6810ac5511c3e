"""What can go wrong in a request over HTTP: one table of codes, one shape (RFC 9457)."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType


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
        "cross_site": _spec(
            HTTPStatus.FORBIDDEN,
            "Another site has sent this request",
            "Open the hub's page itself.",
        ),
        "wrong_host": _spec(
            HTTPStatus.MISDIRECTED_REQUEST,
            "The hub does not go by this name",
            "Use its number or its own name; `[web] addresses` in hub.toml adds others.",
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
        "in_use": _spec(
            HTTPStatus.CONFLICT,
            "Something else needs this",
            "The detail names what: change that or switch it off first.",
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
        "pin_wrong": _spec(
            HTTPStatus.UNAUTHORIZED,
            "The hub's PIN is wrong",
            "Ask the farm's owner; where none was set, `tokkatot hub --status` tells it.",
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
        "picture_refused": _spec(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "This picture can't be judged",
            "Send one sharp photograph of a dropping, as JPEG, PNG or WebP.",
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


def problem_type(code: str) -> str:
    """Return the address that names a code."""
    return f"urn:tokkatot:problem:{code}"
