"""Reads schedules and rules as people write them, and names the field that is wrong."""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from tokkatot.cloud.platform.problems import Invalid, invalid_field

T = TypeVar("T")

_MESSAGE = re.compile(r"(?P<detail>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")


def read(raw: object, kind: type[T], at: str) -> T:
    """Return what JSON describes; `at` is where in the request it stands.

    Raises:
        Invalid: when it is not that, or names a field that there is not.
    """
    try:
        found = msgspec.json.decode(json.dumps(raw, allow_nan=False), type=kind)
    except msgspec.ValidationError as error:
        raise _refusal(raw, str(error), at) from None
    except (ValueError, RecursionError, msgspec.DecodeError):
        raise invalid_field(at, "not_json", "A text or a number in it can't be stored.") from None
    stray = _stray(raw, msgspec.to_builtins(found))
    if stray is not None:
        raise invalid_field(_joined(at, stray), "extra_forbidden", "There is no such field.")
    return found


def _refusal(raw: object, message: str, at: str) -> Invalid:
    """Return the problem behind a message such as `… - at `$.does.steps[1].run_s``."""
    parsed = _MESSAGE.fullmatch(message)
    assert parsed is not None, "every text has this form"
    detail = str(parsed["detail"])
    path = [part for part in re.split(r"[.\[\]]", str(parsed["path"] or "")) if part]
    missing = _MISSING.match(detail)
    if missing is not None:
        field = _joined(at, [*path, missing[1]])
        return invalid_field(field, "missing", "This field is required.")
    there = _inside(raw, path)
    # What a struct refuses as a whole begins with the name of the field that it is about.
    named = detail.split(" ", 1)[0]
    if isinstance(there, dict) and named in there:
        path = [*path, named]
    return invalid_field(_joined(at, path), "invalid", f"{detail[:1].upper()}{detail[1:]}.")


def _inside(raw: Any, parts: Sequence[str]) -> object:
    for part in parts:
        raw = raw[int(part)] if isinstance(raw, list) else raw.get(part)
    return raw


def _stray(raw: object, known: object) -> list[str] | None:
    """Return the way to a field that nobody reads, None where every one is known."""
    if isinstance(raw, dict) and isinstance(known, dict):
        for name, value in raw.items():
            if name not in known:
                return [str(name)]
            deeper = _stray(value, known[name])
            if deeper is not None:
                return [str(name), *deeper]
    elif isinstance(raw, list) and isinstance(known, (list, tuple)):
        for index, (value, twin) in enumerate(zip(raw, known, strict=True)):
            deeper = _stray(value, twin)
            if deeper is not None:
                return [str(index), *deeper]
    return None


def _joined(at: str, path: Sequence[str]) -> str:
    return ".".join((at, *path))[:200]
