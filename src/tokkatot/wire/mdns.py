"""One name on the farm's network, told by multicast DNS (RFC 6762) and by nothing else."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

PORT: Final = 5353
GROUP: Final = IPv4Address("224.0.0.251")
MAX_PACKET_BYTES: Final = 1500
TTL_S: Final = 120
"""How long phones may keep an address that belongs to a host name, as the RFC recommends."""

LEGACY_TTL_S: Final = 10
"""The same for who asks from another port, and so hears nothing of changes."""

MAX_QUESTIONS: Final = 32
_MAX_RECORDS: Final = 64
_MAX_STEPS: Final = 32
"""Labels of a name, and pointers to its rest: more is a circle."""

_POINTER: Final = 0xC0
_A, _NSEC, _AAAA, _ANY = 1, 47, 28, 255
_IN: Final = 1
_TOP_BIT: Final = 0x8000
"""Of a class: in a question "answer to me alone", in an answer "forget what you held before"."""

_AUTHORITATIVE: Final = 0x8400
_NOT_A_QUERY: Final = 0xF800
"""The bits of the flags that say response or another kind of request."""

_ONLY_A: Final = b"\x00\x01\x40"
"""The bitmap of a name that has an IPv4 address and nothing else (RFC 4034, 4.1.2)."""

_HEADER: Final = struct.Struct("!6H")
_QUESTION: Final = struct.Struct("!2H")
_RECORD: Final = struct.Struct("!2HIH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to send: to the asker `alone`, or to everybody."""

    packet: bytes
    alone: bool


class _Garbage(Exception):
    """The packet ends too early or runs in circles."""


def announcement(name: str, address: IPv4Address, *, ttl_s: int = TTL_S) -> bytes:
    """Return what tells everybody where a name is; with a `ttl_s` of 0, that it is gone."""
    label = _encoded(name)
    return _HEADER.pack(0, _AUTHORITATIVE, 0, 1, 0, 0) + _address(label, address, _TOP_BIT, ttl_s)


def answer(query: bytes, name: str, address: IPv4Address, *, from_port: int) -> Answer | None:
    """Return the answer to a packet that asks for this name; None for anything else."""
    try:
        return _answer(query, name, address, legacy=from_port != PORT)
    except (_Garbage, struct.error, IndexError):
        return None


def _answer(query: bytes, name: str, address: IPv4Address, *, legacy: bool) -> Answer | None:
    number, flags, questions, records, _, _ = _HEADER.unpack_from(query)
    if flags & _NOT_A_QUERY or not 1 <= questions <= MAX_QUESTIONS or records > _MAX_RECORDS:
        return None
    labels = tuple(name.lower().encode().split(b"."))
    asked: list[tuple[int, int]] = []
    at = _HEADER.size
    for _ in range(questions):
        found, at = _name(query, at)
        kind, class_ = _QUESTION.unpack_from(query, at)
        at += _QUESTION.size
        if found == labels and class_ & ~_TOP_BIT in {_IN, _ANY} and kind in {_A, _AAAA, _ANY}:
            asked.append((kind, class_))
    if not asked or (not legacy and _knows(query, at, records, labels, address)):
        return None
    kind, class_ = asked[0]
    wants_address = any(kind != _AAAA for kind, _ in asked)
    # An old-fashioned resolver wants its number and its question back, and no bits it never saw.
    label, flush, ttl_s = _encoded(name), *((0, LEGACY_TTL_S) if legacy else (_TOP_BIT, TTL_S))
    header = _HEADER.pack(
        number if legacy else 0, _AUTHORITATIVE, int(legacy), 1, 0, int(wants_address)
    )
    packet = b"".join(
        (
            header,
            label + _QUESTION.pack(kind, class_ & ~_TOP_BIT) if legacy else b"",
            _address(label, address, flush, ttl_s) if wants_address else b"",
            # A phone that hears that there is no IPv6 address waits for none.
            label + _RECORD.pack(_NSEC, _IN | flush, ttl_s, len(label) + len(_ONLY_A)),
            label + _ONLY_A,
        )
    )
    return Answer(packet=packet, alone=legacy or all(class_ & _TOP_BIT for _, class_ in asked))


def _knows(
    query: bytes, at: int, records: int, labels: tuple[bytes, ...], address: IPv4Address
) -> bool:
    """Tell whether the asker names our answer itself, good for half its time yet."""
    for _ in range(records):
        found, at = _name(query, at)
        kind, class_, ttl_s, length = _RECORD.unpack_from(query, at)
        at += _RECORD.size
        value = query[at : at + length]
        at += length
        same = found == labels and kind == _A and class_ & ~_TOP_BIT == _IN
        if same and value == address.packed and ttl_s >= TTL_S // 2:
            return True
    return False


def _address(label: bytes, address: IPv4Address, flush: int, ttl_s: int) -> bytes:
    return label + _RECORD.pack(_A, _IN | flush, ttl_s, 4) + address.packed


def _encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in name.encode().split(b".")) + b"\0"


def _name(packet: bytes, at: int) -> tuple[tuple[bytes, ...], int]:
    """Return the labels of a name in lower case, and where what follows it begins."""
    labels: list[bytes] = []
    after: int | None = None
    for _ in range(_MAX_STEPS):
        size = packet[at]
        if size == 0:
            return tuple(labels), at + 1 if after is None else after
        if size >= _POINTER:
            after = at + 2 if after is None else after
            at = (size - _POINTER) << 8 | packet[at + 1]
        else:
            labels.append(packet[at + 1 : at + 1 + size].lower())
            at += 1 + size
    raise _Garbage
