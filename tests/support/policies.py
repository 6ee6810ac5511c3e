"""Policies as files, written byte by byte: what learns is not needed to test what runs them."""

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tokkatot.climate.policy.card import (
    CARD,
    INPUT,
    MODEL,
    OUTPUT,
    Card,
    House,
    Input,
    Learning,
    Output,
    dials_of,
    inputs_of,
)

_FLOAT = 1


def card(model: bytes, house: House = House.COOP) -> Card:
    """Return the card of a policy that nobody has learned."""
    return Card(
        name="test",
        version=f"test-{hashlib.sha256(model).hexdigest()[:12]}",
        house=house,
        step_s=900.0,
        model_sha256=hashlib.sha256(model).hexdigest(),
        inputs=tuple(
            Input(name=field.name, low=field.low, high=field.high) for field in inputs_of(house)
        ),
        outputs=tuple(
            Output(name=dial.name, low=dial.low, high=dial.high, step=dial.step)
            for dial in dials_of(house)
        ),
        learning=Learning(seed=1, steps=0, configuration_sha256="0" * 64, weather=()),
        held_out=(),
        parity=0.0,
        limits=(),
    )


def write(folder: Path, model: bytes, described: Card) -> Path:
    """Write a policy's folder and return it."""
    folder.mkdir(exist_ok=True)
    (folder / MODEL).write_bytes(model)
    (folder / CARD).write_bytes(msgspec.json.encode(described))
    return folder


def model(weights: Sequence[Sequence[float]], offsets: Sequence[float]) -> bytes:
    """Return an ONNX file that answers `observation @ weights + offsets` (onnx.proto3, IR 8)."""
    rows, columns = len(weights), len(offsets)
    node = b"".join(
        _text(1, name) for name in (INPUT, "weights", "offsets")
    ) + _text(2, OUTPUT) + _text(4, "Gemm")  # fmt: skip
    flat = [value for row in weights for value in row]
    graph = (
        _inside(1, node)
        + _text(2, "policy")
        + _inside(5, _tensor("weights", (rows, columns), flat))
        + _inside(5, _tensor("offsets", (columns,), offsets))
        + _inside(11, _value(INPUT, rows))
        + _inside(12, _value(OUTPUT, columns))
    )
    return _number(1, 8) + _inside(8, _number(2, 13)) + _inside(7, graph)


def _tensor(name: str, shape: Sequence[int], values: Sequence[float]) -> bytes:
    sizes = b"".join(_number(1, size) for size in shape)
    data = struct.pack(f"<{len(values)}f", *values)
    return sizes + _number(2, _FLOAT) + _text(8, name) + _inside(9, data)


def _value(name: str, width: int) -> bytes:
    shape = _inside(1, _text(2, "n")) + _inside(1, _number(1, width))
    return _text(1, name) + _inside(2, _inside(1, _number(1, _FLOAT) + _inside(2, shape)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, text: str) -> bytes:
    return _inside(field, text.encode())


def _inside(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))
