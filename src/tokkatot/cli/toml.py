"""Writes TOML, which the standard library only reads."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeGuard

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(document: Mapping[str, object]) -> str:
    """Return a document of texts, numbers, lists and tables as TOML; a None is left out."""
    return "\n".join(_table(document, ())).strip() + "\n"


def _table(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    inner: list[tuple[str, Mapping[str, object]]] = []
    arrays: list[tuple[str, Sequence[Mapping[str, object]]]] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner.append((key, value))
        elif _is_array_of_tables(value):
            arrays.append((key, value))
        elif value is not None:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in inner:
        yield ""
        yield f"[{'.'.join(map(_key, (*path, key)))}]"
        yield from _table(value, (*path, key))
    for key, rows in arrays:
        for row in rows:
            yield ""
            yield f"[[{'.'.join(map(_key, (*path, key)))}]]"
            yield from _table(row, (*path, key))


def _is_array_of_tables(value: object) -> TypeGuard[Sequence[Mapping[str, object]]]:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, (str, bytes))
        and bool(value)
        and all(isinstance(item, Mapping) for item in value)
    )


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _value(key)


def _value(value: object) -> str:
    if isinstance(value, str):
        # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, datetime):
        assert value.tzinfo is not None, "a wall time needs its zone"
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"TOML has no {type(value).__name__}")
