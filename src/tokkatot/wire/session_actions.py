"""What the hub's side of the session takes as its moment and asks to be done."""

from dataclasses import dataclass

from tokkatot.wire.messages import StreamName
from tokkatot.wire.pictures import Kept
from tokkatot.wire.topics import HubLeaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The moment of an input: monotonic seconds, and the wall time where the hub knows it."""

    mono_s: float
    wall_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Publish under the hub's topic; QoS 0 may be lost, QoS 1 is repeated by the broker."""

    leaf: HubLeaf
    payload: bytes
    qos: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRows:
    """Read rows from `first` on and answer with `HubSession.rows`."""

    stream: StreamName
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAcked:
    """The cloud has stored the stream through here; after a restore of the cloud it may be less."""

    stream: StreamName
    epoch: str
    through: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkContact:
    """Commit, before the actions that follow, that rows may leave the hub from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginEpochs:
    """Begin new epochs of these streams and answer with `HubSession.renumbered`."""

    streams: tuple[StreamName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnClock:
    """The cloud's wall time was `cloud_ms` between two moments of the hub's monotonic time."""

    cloud_ms: int
    sent_s: float
    heard_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDesired:
    """A signed desired document arrived."""

    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOrder:
    """A signed order arrived while `session` held (None: no session holds)."""

    payload: bytes
    session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeExecute:
    """A signed request to run a schedule arrived while `session` held (None: no session holds)."""

    payload: bytes
    session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePhotograph:
    """A signed request to photograph a house arrived while `session` held (None: none holds)."""

    payload: bytes
    session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeKept:
    """The cloud says how much of a photograph it has."""

    kept: Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect:
    """End the link and make a new one."""


Action = (
    Send
    | ReadRows
    | NoteAcked
    | MarkContact
    | BeginEpochs
    | LearnClock
    | TakeDesired
    | TakeOrder
    | TakeExecute
    | TakePhotograph
    | TakeKept
    | Reconnect
)
