"""What a hub asks its models' process, and what it tells the cloud of a photograph."""

from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from tokkatot.domain.droppings import Disease
from tokkatot.wire.messages import Body, EventRow, MessageError

DETECTION: Final = "detection.made"
"""The event whose data is a `Detection`."""
CAMERA_FAILED: Final = "camera.failed"
CAMERA_WORKS: Final = "camera.works"

PHOTOGRAPH_FAILED: Final = "photograph.failed"
"""The event that answers a request where no photograph could be taken."""
NO_CAMERA: Final = "no_camera"
MOMENT_AGO: Final = "moment_ago"
NO_PICTURE: Final = "no_picture"

MAX_THUMBNAIL_BYTES: Final = 8 * 1024
"""In base64 it fits with everything else into a row of the journal."""
MAX_ORIGINAL_BYTES: Final = 12 * 1024 * 1024
PART_BYTES: Final = 32 * 1024
"""Of an original, at a time: a slow line has room for what is urgent every few seconds."""
SUSPICIOUS: Final = "suspicious"
"""The folder of a hub's album that holds what warned."""
MAX_CAMERAS: Final = 8
MAX_ANSWER_BYTES: Final = MAX_CAMERAS * 32 * 1024

CameraKind = Literal["file", "http", "v4l2"]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=2**40)]
Told = Annotated[str, Meta(pattern="^(healthy|coccidiosis|salmonella|newcastle|unknown)$")]


class Camera(Struct, frozen=True, kw_only=True):
    """A camera by what reads it: a file or folder, an address, a device of Video4Linux."""

    name: Name
    house: UUID
    kind: CameraKind
    where: str
    login: str | None = None
    password: str | None = None


class Look(Struct, frozen=True, kw_only=True):
    """Take one photograph and judge it."""

    id: UUID
    camera: Camera


class Looks(Struct, frozen=True, kw_only=True):
    """What the models' process does before it ends; `folder` keeps at most `limit_bytes`.

    The newest picture of a camera's folder is one of now up to `stale_after_s`.
    """

    folder: str
    limit_bytes: int
    stale_after_s: float = 3600.0
    models: str | None
    looks: Annotated[tuple[Look, ...], Meta(max_length=MAX_CAMERAS)]


class Detection(Struct, frozen=True, kw_only=True):
    """What was seen on a photograph; flat, as the data of an event are."""

    id: UUID
    house: UUID
    camera: Name
    disease: Told
    confidence: Share
    alert: bool
    isolate: bool
    healthy: Share
    coccidiosis: Share
    salmonella: Share
    newcastle: Share
    no_dropping: Share
    reasons: Annotated[str, Meta(max_length=200)]
    """Codes, between blanks."""
    fingerprint: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    models: Annotated[str, Meta(max_length=64)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    size_bytes: Count
    width: Count
    height: Count
    thumbnail: Annotated[bytes, Meta(max_length=MAX_THUMBNAIL_BYTES)]
    """A JPEG."""

    @property
    def suspects(self) -> Disease | None:
        """What it warns of."""
        if not self.alert or self.disease in ("healthy", "unknown"):
            return None
        return Disease(self.disease)


class Looked(Struct, frozen=True, kw_only=True):
    """The answer to one look: what was seen, or why nothing was."""

    id: UUID
    detection: Detection | None = None
    age_ms: Annotated[int, Meta(ge=0)] = 0
    """How long ago the photograph was taken."""
    trouble: str | None = None


class Original(Body, frozen=True, kw_only=True):
    """A part of a suspicious photograph as the camera made it, whose detection came before."""

    id: UUID
    at: Annotated[int, Meta(ge=0, lt=MAX_ORIGINAL_BYTES)]
    size: Annotated[int, Meta(gt=0, le=MAX_ORIGINAL_BYTES)]
    data: Annotated[bytes, Meta(min_length=1, max_length=PART_BYTES)]

    @property
    def through(self) -> int:
        """Where the next part begins."""
        return self.at + len(self.data)


class Kept(Body, frozen=True, kw_only=True):
    """What is before `through` is kept; where that is the size, no more of it is wanted."""

    id: UUID
    through: Annotated[int, Meta(ge=0, le=MAX_ORIGINAL_BYTES)]


EventData = dict[str, str | int | float | bool | None]


def event_data(detection: Detection) -> EventData:
    """Return a detection as the data of an event."""
    return msgspec.convert(msgspec.to_builtins(detection), EventData)


def detection_in(data: EventData) -> Detection:
    """Return the detection in the data of an event.

    Raises:
        MessageError: when it is none.
    """
    try:
        return msgspec.convert(data, Detection)
    except msgspec.ValidationError as error:
        raise MessageError(str(error)) from error


def not_taken(request: UUID, house: UUID, reason: str, t_ms: int) -> EventRow:
    """Return the event that says why nobody will see what was asked for."""
    data: EventData = {"house": str(house), "request": str(request), "reason": reason}
    return EventRow(0, "e", t_ms, PHOTOGRAPH_FAILED, data)
