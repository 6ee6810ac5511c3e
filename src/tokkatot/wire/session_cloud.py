"""The cloud's side of the sync session, as functions over what it keeps of a hub."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType

from tokkatot.wire.cursor import Cursor, acked_through
from tokkatot.wire.messages import NO_SESSION, PROTOCOL_VERSION, Hello, Welcome

SILENT_AFTER_S = 45.0
"""A hub that was not heard for so long is offline for the screen and for new orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What the cloud keeps of a hub's session: the boot that opened it, and when by its clock."""

    session: str
    boot: str
    mono_ms: int


@unique
class Greeting(StrEnum):
    """What a hello is to the cloud."""

    FIRST = "first"
    NEW = "new"
    REPEATED = "repeated"
    LATE = "late"
    FOREIGN = "foreign"


@unique
class Answer(StrEnum):
    """What the cloud does about a hello."""

    OPEN = "open"
    WELCOME_AGAIN = "welcome_again"
    IGNORE = "ignore"


ANSWERS: Mapping[Greeting, Answer] = MappingProxyType(
    {
        Greeting.FIRST: Answer.OPEN,
        Greeting.NEW: Answer.OPEN,
        # A broker may deliver twice: the same hello names the same session.
        Greeting.REPEATED: Answer.WELCOME_AGAIN,
        # A hello that was overtaken by a later one of its boot would end the session that holds.
        Greeting.LATE: Answer.IGNORE,
        # A hub that speaks none of our protocol versions waits for its firmware, or for ours.
        Greeting.FOREIGN: Answer.IGNORE,
    }
)


def classify(peer: Peer | None, hello: Hello) -> Greeting:
    """Return what a hello is, given the session that holds now."""
    lowest, highest = hello.protocol
    if not lowest <= PROTOCOL_VERSION <= highest:
        return Greeting.FOREIGN
    if peer is None:
        return Greeting.FIRST
    if hello.boot != peer.boot or hello.mono_ms > peer.mono_ms:
        return Greeting.NEW
    return Greeting.REPEATED if hello.mono_ms == peer.mono_ms else Greeting.LATE


def greet(peer: Peer | None, hello: Hello, *, new_session: str) -> Peer | None:
    """Return the session that holds after a hello, to be stored and welcomed; None: don't answer.

    Orders that were sent in another session than the returned one will be refused by the hub.
    """
    match ANSWERS[classify(peer, hello)]:
        case Answer.OPEN:
            return Peer(session=new_session, boot=hello.boot, mono_ms=hello.mono_ms)
        case Answer.WELCOME_AGAIN:
            return peer
        case Answer.IGNORE:
            return None


def welcome(
    peer: Peer, *, now_ms: int, events: Cursor, readings: Cursor, desired_version: int
) -> Welcome:
    """Return the answer to the hello that opened this session; send it after the commit."""
    return Welcome(
        session=peer.session,
        mono_ms=peer.mono_ms,
        t=now_ms,
        events=acked_through(events),
        readings=acked_through(readings),
        desired_version=desired_version,
    )


def is_current(peer: Peer | None, session: str) -> bool:
    """Tell whether a batch or snapshot belongs to the session that holds.

    One that does not is dropped, and answered with `ask_for_hello`.
    """
    return peer is not None and peer.session == session


def ask_for_hello(*, now_ms: int) -> Welcome:
    """Return the answer to what came in a session that the cloud does not hold.

    A cloud that was restored from a backup so learns of its hubs again, within 15 seconds.
    """
    return Welcome(
        session=NO_SESSION, mono_ms=0, t=now_ms, events=None, readings=None, desired_version=0
    )
