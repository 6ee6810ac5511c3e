"""The hub's side of the session as two tables, from which its diagrams are drawn."""

from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType


@unique
class Phase(StrEnum):
    """Where the session stands."""

    OFFLINE = "offline"
    GREETING = "greeting"
    RENUMBERING = "renumbering"
    SYNCED = "synced"


@unique
class Signal(StrEnum):
    """What moves the session."""

    LINK_UP = "link up"
    LINK_DOWN = "link down"
    WELCOMED = "welcomed"
    WELCOMED_BY_LATER_LIFE = "cloud has rows that never left this card"
    FORKED = "cloud has other rows under these numbers"
    RENUMBERED = "new epoch kept"
    EPOCH_CHANGED = "journal begun anew"
    NO_WELCOME = "no welcome for 1, 2, 4 … 15 s"
    NO_ANSWER = "15 s without an answer"
    SILENCE = "45 s of silence"
    RENEWAL = "6 h of session"
    FORGOTTEN = "cloud does not hold the session"


@unique
class Step(StrEnum):
    """What a transition of the session does."""

    SAY_HELLO = "say hello"
    OPEN_LANES = "open lanes"
    CLOSE_LANES = "close lanes"
    NEW_EPOCH = "begin new epoch"
    RECONNECT = "reconnect"


_P, _S, _DO = Phase, Signal, Step
SESSION: Mapping[tuple[Phase, Signal], tuple[Phase, tuple[Step, ...]]] = MappingProxyType(
    {
        (_P.OFFLINE, _S.LINK_UP): (_P.GREETING, (_DO.SAY_HELLO,)),
        (_P.GREETING, _S.WELCOMED): (_P.SYNCED, (_DO.OPEN_LANES,)),
        (_P.GREETING, _S.WELCOMED_BY_LATER_LIFE): (_P.RENUMBERING, (_DO.NEW_EPOCH,)),
        (_P.GREETING, _S.NO_WELCOME): (_P.GREETING, (_DO.SAY_HELLO,)),
        (_P.GREETING, _S.EPOCH_CHANGED): (_P.GREETING, (_DO.SAY_HELLO,)),
        (_P.GREETING, _S.SILENCE): (_P.OFFLINE, (_DO.RECONNECT,)),
        (_P.GREETING, _S.LINK_DOWN): (_P.OFFLINE, ()),
        (_P.RENUMBERING, _S.RENUMBERED): (_P.GREETING, (_DO.SAY_HELLO,)),
        (_P.RENUMBERING, _S.LINK_DOWN): (_P.OFFLINE, ()),
        (_P.SYNCED, _S.FORKED): (_P.RENUMBERING, (_DO.CLOSE_LANES, _DO.NEW_EPOCH)),
        (_P.SYNCED, _S.NO_ANSWER): (_P.GREETING, (_DO.CLOSE_LANES, _DO.SAY_HELLO)),
        (_P.SYNCED, _S.EPOCH_CHANGED): (_P.GREETING, (_DO.CLOSE_LANES, _DO.SAY_HELLO)),
        (_P.SYNCED, _S.RENEWAL): (_P.GREETING, (_DO.CLOSE_LANES, _DO.SAY_HELLO)),
        (_P.SYNCED, _S.FORGOTTEN): (_P.GREETING, (_DO.CLOSE_LANES, _DO.SAY_HELLO)),
        (_P.SYNCED, _S.SILENCE): (_P.OFFLINE, (_DO.CLOSE_LANES, _DO.RECONNECT)),
        (_P.SYNCED, _S.LINK_DOWN): (_P.OFFLINE, (_DO.CLOSE_LANES,)),
    }
)


@unique
class LaneState(StrEnum):
    """Where one stream stands in the session."""

    CLOSED = "closed"
    IDLE = "idle"
    READING = "reading"
    IN_FLIGHT = "in flight"


@unique
class LaneSignal(StrEnum):
    """What moves a stream."""

    OPENED = "opened"
    ROWS_DUE = "rows due"
    ROWS = "rows read"
    NO_ROWS = "no rows read"
    ACKED = "acked"
    CLOSED = "session ended"


@unique
class LaneStep(StrEnum):
    """What a transition of a stream does."""

    READ = "read rows"
    SEND = "send batch"


_L, _X, _GO = LaneState, LaneSignal, LaneStep
LANE: Mapping[tuple[LaneState, LaneSignal], tuple[LaneState, tuple[LaneStep, ...]]] = (
    MappingProxyType(
        {
            (_L.CLOSED, _X.OPENED): (_L.IDLE, ()),
            (_L.IDLE, _X.ROWS_DUE): (_L.READING, (_GO.READ,)),
            (_L.READING, _X.ROWS): (_L.IN_FLIGHT, (_GO.SEND,)),
            (_L.READING, _X.NO_ROWS): (_L.IDLE, ()),
            (_L.IN_FLIGHT, _X.ACKED): (_L.IDLE, ()),
            (_L.IDLE, _X.CLOSED): (_L.CLOSED, ()),
            (_L.READING, _X.CLOSED): (_L.CLOSED, ()),
            (_L.IN_FLIGHT, _X.CLOSED): (_L.CLOSED, ()),
        }
    )
)
