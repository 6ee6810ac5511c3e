"""What the bodies of requests and answers have in common."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Body(BaseModel):
    """A request's body: unknown fields and numbers that are none are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False
    )


class Patch(Body):
    """A body of changes: what is left out stays, null empties a field that may be empty."""

    may_be_null: ClassVar[frozenset[str]] = frozenset()

    def changes(self) -> dict[str, Any]:
        """Return the fields that are to change."""
        given = self.model_dump(exclude_unset=True)
        return {
            name: value
            for name, value in given.items()
            if value is not None or name in self.may_be_null
        }


class View(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


def _no_control_characters(value: str) -> str:
    if any(ord(char) < 32 and char not in "\n\t" for char in value):
        raise ValueError("control characters are not allowed")
    return value


def _known_time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not an IANA time zone such as Asia/Phnom_Penh") from None
    return value


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("beyond the years 1 to 9999") from None


Instant = Annotated[datetime, AfterValidator(_in_utc)]
"""Read as UTC where it names no zone."""

_Clean = AfterValidator(_no_control_characters)
Name = Annotated[str, StringConstraints(min_length=1, max_length=120), _Clean]
ShortText = Annotated[str, StringConstraints(max_length=200), _Clean]
LongText = Annotated[str, StringConstraints(max_length=4000), _Clean]
TimeZone = Annotated[str, StringConstraints(max_length=40), AfterValidator(_known_time_zone)]
Link = Annotated[str, StringConstraints(max_length=2048, pattern=r"^(https://|/)[^\s\x00-\x1f]*$")]
