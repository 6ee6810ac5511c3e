"""The table of detections."""

from datetime import datetime
from enum import StrEnum, unique
from uuid import UUID

from sqlalchemy import Double, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base, EnumText, JsonObject


@unique
class Told(StrEnum):
    """What is said of a photograph; `unknown`: it can't be told."""

    HEALTHY = "healthy"
    COCCIDIOSIS = "coccidiosis"
    SALMONELLA = "salmonella"
    NEWCASTLE = "newcastle"
    UNKNOWN = "unknown"


class Detection(Base):
    """One photograph, what the models said of it, and what a person says of that."""

    __tablename__ = "detections"
    __table_args__ = (
        Index(None, "house_id", "t", "id"),
        Index("ix_detections_marked", "farm_id", "t", postgresql_where=text("consent")),
        Index("ix_detections_pictured", "t", postgresql_where=text("thumbnail IS NOT NULL")),
        Index(
            "ix_detections_to_ask",
            "t",
            postgresql_where=text("original_is_whole AND second_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"))
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"))
    hub_id: Mapped[UUID | None] = mapped_column(ForeignKey("hubs.id"))
    camera: Mapped[str | None]
    """None: a person sent it."""
    sent_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    t: Mapped[datetime]
    disease: Mapped[Told] = mapped_column(EnumText(Told))
    confidence: Mapped[float] = mapped_column(Double)
    alert: Mapped[bool]
    isolate: Mapped[bool]
    probabilities: Mapped[JsonObject]
    no_dropping: Mapped[float] = mapped_column(Double)
    reasons: Mapped[list[str]]
    models: Mapped[str]
    sha256: Mapped[str]
    thumbnail: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A JPEG; let go of after a while where nothing was suspicious and nobody marked it."""
    original_bytes: Mapped[int] = mapped_column(default=0)
    """How much of the photograph as the camera made it has come; its parts are files."""
    original_is_whole: Mapped[bool] = mapped_column(default=False)
    second_opinion: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    """What the cloud's own models say of the original, beside what the hub said; None: nothing."""
    second_at: Mapped[datetime | None]
    """When they were asked."""
    right: Mapped[bool | None]
    """What a person says of it; None: nobody has."""
    marked_as: Mapped[Told | None] = mapped_column(EnumText(Told))
    """What it really is, as far as that person knows."""
    marked_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    marked_at: Mapped[datetime | None]
    consent: Mapped[bool] = mapped_column(default=False)
    """The models may learn from it."""
