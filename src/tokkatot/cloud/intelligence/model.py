"""The tables of policies and twins: what they decided, were fitted to, saved and foretold."""

from datetime import date, datetime
from enum import StrEnum, unique
from math import isclose
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Double, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base, EnumText, JsonObject
from tokkatot.domain.autopilot import HASH_CHARS, AutopilotMode

ROUNDED = 0.01
"""Figures of a house that are so near, as shares, are the same."""


class StoredPolicy(Base):
    """A learned policy, by the hash of its model."""

    __tablename__ = "policies"

    sha256: Mapped[str] = mapped_column(String(HASH_CHARS), primary_key=True)
    version: Mapped[str] = mapped_column(unique=True)
    house_kind: Mapped[str]
    card: Mapped[JsonObject]
    model: Mapped[bytes] = mapped_column(LargeBinary)
    added_at: Mapped[datetime]
    house_id: Mapped[UUID | None] = mapped_column(ForeignKey("houses.id"))
    """For which it was learned, in its twin and weather; None: it is no house's own."""


class HouseAutopilot(Base):
    """What a house's policy may do; a house without a row has none."""

    __tablename__ = "autopilots"

    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"), primary_key=True)
    mode: Mapped[AutopilotMode] = mapped_column(EnumText(AutopilotMode))
    policy_sha256: Mapped[str] = mapped_column(ForeignKey("policies.sha256"), index=True)
    accepted_k: Mapped[float | None] = mapped_column(Double)
    accepted_share: Mapped[float] = mapped_column(Double, server_default=text("1"))
    """The least part of the fans that run between the limits, of what was accepted."""
    accepted_until: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    changed_at: Mapped[datetime]
    desired_version: Mapped[int | None] = mapped_column(BigInteger)
    """Of the document that first brings this to the house's hub; None: it has none."""

    def forget_accepted(self) -> None:
        """Let nothing be accepted any more."""
        self.accepted_k = self.accepted_until = self.accepted_by = None
        self.accepted_share = 1.0


class Decision(Base):
    """What was decided for a house at a moment, and what the twin had foretold for it."""

    __tablename__ = "autopilot_decisions"

    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"), primary_key=True)
    t: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    mode: Mapped[AutopilotMode] = mapped_column(EnumText(AutopilotMode))
    policy_sha256: Mapped[str | None] = mapped_column(String(HASH_CHARS))
    shift_k: Mapped[float] = mapped_column(Double)
    fan_share: Mapped[float] = mapped_column(Double, server_default=text("1"))
    """The least part of the fans that ran between the limits."""
    advised_k: Mapped[float | None] = mapped_column(Double)
    advised_share: Mapped[float | None] = mapped_column(Double)
    """None also of a hub that knows of no part of the fans."""
    refused: Mapped[str | None] = mapped_column(String(32))
    air_c: Mapped[float | None] = mapped_column(Double)
    foretold_c: Mapped[float | None] = mapped_column(Double)
    fitted: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it was the twin that was fitted to the house who foretold it."""
    trouble: Mapped[str | None]


class FittedTwin(Base):
    """What was found of a house's twin, held against days that it had not seen."""

    __tablename__ = "fitted_twins"

    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"), primary_key=True)
    known_as: Mapped[str] = mapped_column(String(32))
    card: Mapped[JsonObject]
    """As `tokkatot.climate.calibrate.card` has it."""
    job_id: Mapped[UUID]
    """Of the fit; the job itself is forgotten before."""
    fitted_at: Mapped[datetime]
    built: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    """Its `floor_m2` then (null: nobody had said), what it was `equipped` with; None: unknown."""

    def is_of(self, floor_m2: float | None) -> bool:
        """Tell whether a house with that floor is the one that was fitted."""
        if self.built is None:
            return True
        before: float | None = self.built["floor_m2"]
        if before is None or floor_m2 is None:
            return before is floor_m2
        return isclose(before, floor_m2, rel_tol=ROUNDED)


class SavedDay(Base):
    """What a day of a house's autopilot saved beside its rules alone, as its twin tells."""

    __tablename__ = "saved_days"

    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    saved_kwh: Mapped[float | None] = mapped_column(Double)
    """Of electricity and heat together; of older days nobody knows them apart."""
    saved_heat_kwh: Mapped[float | None] = mapped_column(Double)
    saved_electricity_by_hour_kwh: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    """In each hour of the farm's day."""
    spared_stress_h: Mapped[float | None] = mapped_column(Double)
    lacking: Mapped[str | None] = mapped_column(String(32))
    """Why nobody can tell."""
    reckoned_at: Mapped[datetime]


class TwinDay(Base):
    """How a fitted twin lived through a recorded day, beside what was measured in its house."""

    __tablename__ = "twin_days"

    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    air_c: Mapped[float | None] = mapped_column(Double)
    """Of the twin, on average over the moments that were measured."""
    off_k: Mapped[float | None] = mapped_column(Double)
    """Root mean square over them."""
    lacking: Mapped[str | None] = mapped_column(String(32))
    """Why nobody can tell."""
    reckoned_at: Mapped[datetime]


FORETOLD_DAYS = 7
"""So far a prediction looks ahead."""


@unique
class Foretold(StrEnum):
    """What a twin foretells of whoever lives in its house."""

    WEIGHT = "weight"
    """Of a bird."""
    YIELD = "yield"
    """Of a day, of the whole house."""


class Prediction(Base):
    """What was foretold of a flock or a crop on a day, kept as it was told then."""

    __tablename__ = "predictions"
    __table_args__ = (Index(None, "house_id", "made_on"),)

    cycle_id: Mapped[UUID] = mapped_column(primary_key=True)
    """Of the flock or the crop."""
    made_on: Mapped[date] = mapped_column(primary_key=True)
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"))
    quantity: Mapped[Foretold] = mapped_column(EnumText(Foretold))
    kg: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    """Of that day and those after it."""
    foretold_hours: Mapped[int | None]
    """Hours of weather that somebody foretold; the others are as usual or as the last days were."""
    fitted: Mapped[bool]
    lacking: Mapped[str | None] = mapped_column(String(32))
    """Why nobody can tell."""
    made_at: Mapped[datetime]
