"""The bodies of the MQTT messages, decoded and checked once at the border."""

from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

PROTOCOL_VERSION = 1
MAX_BATCH_ROWS = 500
MAX_BATCH_BYTES = 256 * 1024
MAX_BODY_BYTES = 512 * 1024
"""No message of ours is longer; a longer one is dropped unread and counted."""

MAX_ADDRESSES = 8
"""A hub has no more addresses on its farm's network than these."""

NO_SESSION = "none"
"""The session in a welcome that opens none: the cloud holds no such session, say hello again."""

V1 = Literal[1]
Seq = Annotated[int, Meta(ge=0, le=2**53)]
Millis = Annotated[int, Meta(ge=0, le=2**53)]
Epoch = Annotated[str, Meta(pattern=r"^[0-9A-Za-z-]{1,36}$")]
Short = Annotated[str, Meta(min_length=1, max_length=64)]
LanAddress = Annotated[str, Meta(pattern=r"^https?://[0-9A-Za-z.:-]{1,100}$")]
State = Literal["on", "off"] | Annotated[float, Meta(ge=0, le=100)]
StreamName = Literal["events", "readings"]
OrderAction = Literal["on", "off", "set_value", "auto", "reset"]


class Body(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A message body of protocol version 1."""

    v: V1 = 1


class StreamPosition(Struct, frozen=True, kw_only=True):
    """Where a hub's stream stands: the sequence number that the next row will get."""

    epoch: Epoch
    next: Seq


class AckedThrough(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last row of a stream that the cloud has stored (0: none); `mark` tells it from others."""

    epoch: Epoch
    seq: Seq
    mark: Annotated[str, Meta(max_length=32)] | None = None


class Hello(Body, frozen=True, kw_only=True):
    """A hub begins a session; `addresses` are where phones on the farm's network find its page."""

    hub: UUID
    events: StreamPosition
    readings: StreamPosition
    boot: Short
    mono_ms: Millis
    t: Millis | None
    desired_version: Seq
    software: Short
    protocol: tuple[int, int]
    addresses: Annotated[tuple[LanAddress, ...], Meta(max_length=MAX_ADDRESSES)] = ()


class Welcome(Body, frozen=True, kw_only=True):
    """The cloud answers a hello; `session` marks everything that follows."""

    session: Short
    mono_ms: Millis
    t: Millis
    events: AckedThrough | None
    readings: AckedThrough | None
    desired_version: Seq


class Up(Body, frozen=True, kw_only=True):
    """A batch of rows `[seq, kind, …]`, decoded one by one, so that a bad one spoils no other."""

    session: Short
    stream: StreamName
    epoch: Epoch
    first: Seq = msgspec.field(name="from")
    rows: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MAX_BATCH_ROWS)]


class Ack(Body, frozen=True, kw_only=True):
    """All through `acked_through` is stored; `quarantined` of this batch were not acceptable."""

    session: Short
    stream: StreamName
    epoch: Epoch
    acked_through: Seq
    quarantined: int = 0


class ReadingRow(Struct, frozen=True, array_like=True, gc=False):
    """`[seq, "r", device, quantity, t, value, quality]`."""

    seq: Seq
    kind: Literal["r"]
    device: str
    quantity: str
    t: int
    value: float
    quality: Annotated[int, Meta(ge=0, le=3)]


class Why(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why an actuator is where it is: who won, until when, and what cut it."""

    source: Literal["person", "schedule", "rule", "rest", "interlock"]
    reason: Short
    level: float
    until_ms: int | None = None
    command: UUID | None = None
    cut_by: tuple[str, ...] = ()
    proposals: tuple[tuple[str, str, float], ...] = ()
    """(source, reason, level) of everything that was asked, the winner included."""


class DeviceStateRow(Struct, frozen=True, array_like=True):
    """`[seq, "s", device, t, actual, target, online, error, why]`; levels in %, None: unknown."""

    seq: Seq
    kind: Literal["s"]
    device: str
    t: int
    actual: float | None
    target: float | None
    online: bool
    error: str | None
    why: Why | None


class CommandRow(Struct, frozen=True, array_like=True):
    """`[seq, "c", command, t, state, reason, device, by, level, end_ms, action]`.

    The last five let the cloud record an order that was given on the farm's own network.
    """

    seq: Seq
    kind: Literal["c"]
    command: str
    t: int
    state: Literal["executing", "completed", "failed", "refused", "interrupted", "expired"]
    reason: str | None
    device: str
    by: str | None = None
    level: float | None = None
    end_ms: int | None = None
    action: OrderAction | None = None


class ScheduleRunRow(Struct, frozen=True, array_like=True):
    """`[seq, "x", schedule, due, t, outcome, reason, request]`.

    `request` names the request of a person that asked for this run.
    """

    seq: Seq
    kind: Literal["x"]
    schedule: str
    due: int
    t: int
    outcome: Literal["executed", "failed", "skipped"]
    reason: str | None
    request: str | None = None


class AlertRow(Struct, frozen=True, array_like=True):
    """`[seq, "a", alert, t, type, change, house, device, threshold, actual, …]`.

    A hub of an earlier version sends no more than that. `times` counts how often it was told,
    `about` is the definition or the node that it is of, `name` what people call it. `under` is the
    alert that it is told with: nobody is called for it then, nor where it is `shelved`. `flaps`
    tells that it comes and goes.
    """

    seq: Seq
    kind: Literal["a"]
    alert: str
    t: int
    type: Short
    change: Literal["raised", "raised_again", "cleared"]
    house: str
    device: str | None
    threshold: float | None
    actual: float | None
    severity: Literal["critical", "warning", "info"] | None = None
    times: Annotated[int, Meta(ge=1, le=2**31 - 1)] = 1
    about: Short | None = None
    name: Short | None = None
    under: str | None = None
    shelved: bool = False
    flaps: bool = False


class EventRow(Struct, frozen=True, array_like=True):
    """`[seq, "e", t, type, data]`: what the event log keeps.

    `reading.refused` events travel in the readings stream, so that a broken sensor can't crowd the
    events; their data is `{"device", "quantity", "t", "raw", "reason"}`.
    """

    seq: Seq
    kind: Literal["e"]
    t: int
    type: Short
    data: dict[str, str | int | float | bool | None]


class GapRow(Struct, frozen=True, array_like=True):
    """`[seq, "g", t, from, to, reason]`: readings with these numbers were thinned out."""

    seq: Seq
    kind: Literal["g"]
    t: int
    first: Seq
    last: Seq
    reason: Short


Row = ReadingRow | DeviceStateRow | CommandRow | ScheduleRunRow | AlertRow | EventRow | GapRow


class LiveReading(Struct, frozen=True, array_like=True):
    """`[device, quantity, t, value, quality]`."""

    device: str
    quantity: str
    t: int
    value: float
    quality: int


class LiveDevice(Struct, frozen=True, array_like=True):
    """`[device, actual, target, online, why]`."""

    device: str
    actual: float | None
    target: float | None
    online: bool
    why: Why | None


class Live(Body, frozen=True, kw_only=True):
    """What is so now, beside the streams and never history."""

    session: Short
    t: Millis
    readings: list[LiveReading]
    devices: list[LiveDevice]


class Command(Body, frozen=True, kw_only=True):
    """The signed body of an order; `value` is the level in %, `end_s` how long it is to hold.

    `auto` hands the device back to automatic, `reset` clears its latch: for both the value is 0 and
    the end is not looked at.
    """

    hub: UUID
    id: UUID
    session: Short
    device: UUID
    action: OrderAction
    value: Annotated[float, Meta(ge=0, le=100)]
    issued: Millis
    ttl_ms: Annotated[int, Meta(gt=0, le=300_000)]
    end_s: Annotated[int, Meta(gt=0, le=43_200)]
    by: UUID


class Execute(Body, frozen=True, kw_only=True):
    """The signed body of a request to run a schedule now; its answer is a schedule's run."""

    hub: UUID
    id: UUID
    session: Short
    schedule: UUID
    issued: Millis
    ttl_ms: Annotated[int, Meta(gt=0, le=300_000)]
    by: UUID


class Photograph(Body, frozen=True, kw_only=True):
    """The signed body of a request to photograph a house now; its answer is what is seen there."""

    hub: UUID
    id: UUID
    session: Short
    house: UUID
    issued: Millis
    ttl_ms: Annotated[int, Meta(gt=0, le=300_000)]
    by: UUID


class FirmwareManifest(Body, frozen=True, kw_only=True):
    """The signed body of a firmware order."""

    hub: UUID
    model: Short
    build: Short
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, Meta(gt=0, le=64 * 1024 * 1024)]
    where: Annotated[str, Meta(max_length=2048)]
    expires_ms: Millis


class NodeSensor(Body, frozen=True, kw_only=True):
    """Readings of a node; `n` counts up within one `boot`, so that a repeated message is known."""

    boot: Short
    n: Seq
    t: Millis | None = None
    up_ms: Millis
    values: Annotated[dict[str, msgspec.Raw], Meta(min_length=1, max_length=32)]


class NodeStatus(Body, frozen=True, kw_only=True):
    """What a node's actuator really does; also the node's last will with `online` false."""

    boot: Short = "?"
    n: Seq = 0
    online: bool
    actual: State | None = None
    last_command: str | None = None
    error: str | None = None


class NodeHeartbeat(Body, frozen=True, kw_only=True):
    """A node is alive."""

    boot: Short
    up_ms: Millis
    fw: Short
    rssi: float | None = None
    heap: int | None = None


class NodeCommand(Body, frozen=True, kw_only=True):
    """The level that a node is to hold until the lease lapses."""

    id: str
    set: State
    lease_s: Annotated[int, Meta(gt=0, le=300)]


class MessageError(Exception):
    """A body that is not what its topic promises; `reason` says why, for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


B = TypeVar("B", bound=Struct)
_encoder = msgspec.json.Encoder()


def encode(message: Struct) -> bytes:
    """Return a message as JSON bytes."""
    return _encoder.encode(message)


def decode(payload: bytes | bytearray | memoryview, kind: type[B]) -> B:
    """Return the message of type `kind` in `payload`.

    Raises:
        MessageError: when it is too long, no JSON, or not of that shape.
    """
    if len(payload) > MAX_BODY_BYTES:
        raise MessageError(f"longer than {MAX_BODY_BYTES} bytes")
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MessageError(str(error)) from error


_KINDS: dict[str, type[Row]] = {
    "r": ReadingRow,
    "s": DeviceStateRow,
    "c": CommandRow,
    "x": ScheduleRunRow,
    "a": AlertRow,
    "e": EventRow,
    "g": GapRow,
}
_row_decoders = {kind: msgspec.json.Decoder(row) for kind, row in _KINDS.items()}
_reading_decoder: msgspec.json.Decoder[ReadingRow] = msgspec.json.Decoder(ReadingRow)


class RowHead(Struct, frozen=True, array_like=True):
    """The first two fields of any row."""

    seq: Seq
    kind: str


_head_decoder: msgspec.json.Decoder[RowHead] = msgspec.json.Decoder(RowHead)


def row_kind(raw: msgspec.Raw) -> str:
    """Return what kind a row says that it is: its first string. The rest of it is not looked at."""
    parts = bytes(raw).split(b'"', 2)
    return parts[1].decode("ascii", "replace") if len(parts) > 1 else ""


def decode_row(raw: msgspec.Raw) -> Row:
    """Return one row of a batch.

    Raises:
        MessageError: when the row is of no known kind or its fields are wrong.
    """
    try:
        decoder = _row_decoders.get(row_kind(raw))
        if decoder is None:
            raise MessageError(f"unknown row kind {_head_decoder.decode(raw).kind!r}")
        return decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MessageError(str(error)) from error


class ReadingsUp(Body, frozen=True, kw_only=True):
    """An `Up` that holds good reading rows only: the usual one, decoded fast."""

    session: Short
    stream: Literal["readings"]
    epoch: Epoch
    first: Seq = msgspec.field(name="from")
    rows: Annotated[list[ReadingRow], Meta(min_length=1, max_length=MAX_BATCH_ROWS)]


_readings_up_decoder: msgspec.json.Decoder[ReadingsUp] = msgspec.json.Decoder(ReadingsUp)


def decode_up(payload: bytes | bytearray | memoryview) -> Up | ReadingsUp:
    """Return a batch: its rows typed where all are good readings, else raw.

    Raises:
        MessageError: when it is too long, no JSON, or not of that shape.
    """
    if len(payload) <= MAX_BODY_BYTES:
        try:
            return _readings_up_decoder.decode(payload)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            pass  # another stream, or a row among them that is no good reading
    return decode(payload, Up)
