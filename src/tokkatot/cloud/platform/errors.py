"""Turns every exception of a route into a problem."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope

from tokkatot.cloud.platform.deadlocks import mark_given_up
from tokkatot.cloud.platform.http import problem_response
from tokkatot.cloud.platform.influx import InfluxFailed
from tokkatot.cloud.platform.problems import FieldError, Invalid, Problem, Unavailable

_log = structlog.get_logger(__name__)

_MAX_ERRORS = 20
_NAMED = 3
"""So many fields stand in the sentence; `errors` has them all."""
_BY_STATUS: Mapping[int, str] = MappingProxyType(
    {
        400: "validation_failed",
        401: "unauthenticated",
        403: "forbidden",
        404: "not_found",
        405: "method_not_allowed",
        413: "body_too_large",
        415: "validation_failed",
        422: "validation_failed",
        429: "rate_limited",
        503: "unavailable",
    }
)


def install_error_handlers(app: FastAPI) -> None:
    """Answer problems, refused bodies, framework errors and database errors alike."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _refused_body)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(DBAPIError, _database)
    # What goes to the driver directly, for COPY.
    app.add_exception_handler(psycopg.Error, _database)
    app.add_exception_handler(PoolTimeout, _pool)
    app.add_exception_handler(InfluxFailed, _influx)
    app.add_exception_handler(ClientDisconnect, _gone)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem), "registered for problems"
    return problem_response(error, request.scope)


async def _refused_body(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), "registered for refused bodies"
    fields = [_field_error(item) for item in error.errors()[:_MAX_ERRORS]]
    named = "; ".join(f"{found.field}: {found.detail}" for found in fields[:_NAMED])
    more = f" (and {len(fields) - _NAMED} more)" if len(fields) > _NAMED else ""
    return problem_response(Invalid(detail=named + more, errors=fields), request.scope)


def _field_error(item: Mapping[str, Any]) -> FieldError:
    """Return what is wrong with a field, in words for whoever sent it."""
    place, kind = tuple(item["loc"]), str(item["type"])
    match kind:
        case "json_invalid":
            place, kind = ("body",), "not_json"
            detail = f"This is not JSON: {item['ctx']['error']} (at character {item['loc'][-1]})."
        case "model_attributes_type" if place == ("body",):
            detail = "Send a JSON object, with `Content-Type: application/json`."
        case "extra_forbidden":
            detail = "There is no such field here."
        case "missing":
            detail = "This is needed."
        case "value_error":
            detail = str(item["ctx"]["error"])
        case _:
            detail = str(item["msg"])
    return FieldError(
        field=".".join(str(part) for part in place)[:200], code=kind, detail=detail[:300]
    )


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for framework errors"
    code = _BY_STATUS.get(error.status_code)
    if code is None:
        code = "internal" if error.status_code >= 500 else "validation_failed"
    return problem_response(Problem(code, headers=error.headers or {}), request.scope)


async def _database(request: Request, error: Exception) -> Response:
    return problem_response(_problem_of(error, request.scope), request.scope)


def _problem_of(error: Exception, scope: Scope) -> Problem:
    cause = error.orig if isinstance(error, DBAPIError) else error
    match cause:
        case pg.UniqueViolation():
            # Two requests at once: the services check before they write.
            return Problem("already_exists")
        case pg.ForeignKeyViolation():
            return Problem("conflict")
        case pg.SerializationFailure() | pg.DeadlockDetected():
            _log.warning("database.given_up", path=scope["path"])
            mark_given_up(scope)
            return Unavailable("Others change the same at this moment.", retry_after_s=1)
        case pg.DataError() | pg.UntranslatableCharacter():
            return Problem("validation_failed", "A value can't be stored, such as a NUL character.")
        case pg.OperationalError() | pg.InterfaceError():
            _log.warning("database.unavailable", error=str(cause).strip())
            return Unavailable("The database does not answer.")
        case _:
            # As it was raised: the driver's own error does not know who asked.
            _log.error("database.error", exc_info=error)
            return Problem("internal")


async def _pool(request: Request, error: Exception) -> Response:
    _log.warning("database.pool_exhausted", error=str(error))
    return problem_response(Unavailable(), request.scope)


async def _influx(request: Request, error: Exception) -> Response:
    _log.warning("influx.failed", error=str(error))
    return problem_response(Unavailable("The store of readings does not answer."), request.scope)


async def _gone(request: Request, error: Exception) -> Response:
    # Nobody reads this answer, except the body limit, which replaces it with its own.
    del error
    return problem_response(Problem("validation_failed"), request.scope)
