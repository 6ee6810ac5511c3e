"""The description of the API: every route with the problems that it can answer."""

from collections import defaultdict
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import WithJsonSchema

from tokkatot.cloud.platform.problems import ProblemBody
from tokkatot.wire.problems import CODES, MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]

_EVERYWHERE = ("validation_failed", "rate_limited", "body_too_large", "unavailable", "internal")
_WITH_A_CALLER = ("unauthenticated", "session_ended")
_ON_A_FARM = ("forbidden", "not_found")
_SCHEMAS = "#/components/schemas/"
_STRUCT = "x-struct"


def problems(*codes: str) -> Responses:
    """Return the `responses` of a route that can answer these codes."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in codes:
        by_status[CODES[code].status.value].append(code)
    return {status: _response(found) for status, found in by_status.items()}


def struct(name: str) -> WithJsonSchema:
    """Return the schema of a field that a room reads by itself, as what the app calls so."""
    return WithJsonSchema({"type": "object", _STRUCT: name})


def describe(app: FastAPI, *, title: str, version: str) -> dict[str, Any]:
    """Return the OpenAPI document, each operation with every problem that it can answer.

    `app.state.structs` has the structs that fields are declared to be, by their names.

    Raises:
        ValueError: when one of them is called as something else is.
    """
    document = get_openapi(title=title, version=version, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas["Problem"] = schema
    for name, described in _structs(app.state.structs).items():
        if _shape(schemas.setdefault(name, described)) != _shape(described):
            raise ValueError(f"{name} is the name of two things that the API takes: rename one")
    _refer(document)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(path, operation)
    return document


def _complete(path: str, operation: dict[str, Any]) -> None:
    codes = set(_EVERYWHERE)
    responses = operation["responses"]
    for response in responses.values():
        codes.update(response.get("x-codes", ()))
    if operation.get("security"):
        codes.update(_WITH_A_CALLER)
    if "{" in path:
        codes.update(_ON_A_FARM)
    if path.startswith("/v1/staff"):
        codes.add("forbidden")
    if not path.startswith("/v1"):
        codes -= {"rate_limited", "validation_failed", "body_too_large"}
        responses.pop("422", None)
    for status, response in problems(*sorted(codes)).items():
        responses[str(status)] = response


def _structs(structs: dict[str, Any]) -> dict[str, Any]:
    roots, parts = msgspec.json.schema_components(
        structs.values(), ref_template=f"{_SCHEMAS}{{name}}"
    )
    return parts | dict(zip(structs, roots, strict=True))


def _shape(schema: dict[str, Any]) -> frozenset[str]:
    """Return an enum's words or an object's fields: two writers describe them in two ways."""
    return frozenset(map(str, schema.get("enum") or schema.get("properties") or ()))


def _refer(part: Any) -> None:
    """Let every field that is declared to be a struct point to its description."""
    if isinstance(part, list):
        for item in part:
            _refer(item)
    elif isinstance(part, dict):
        name = part.pop(_STRUCT, None)
        if name is not None:
            del part["type"]
            part["$ref"] = f"{_SCHEMAS}{name}"
        for value in part.values():
            _refer(value)


def _response(codes: list[str]) -> dict[str, Any]:
    lines = [f"`{code}`: {CODES[code].title}." for code in codes]
    return {
        "description": " ".join(lines),
        "x-codes": codes,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
