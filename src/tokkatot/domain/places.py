"""Where a farm is on the earth, for the sun."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point on the earth in degrees, north and east positive.

    Raises:
        ValueError: when it lies beside the earth.
    """

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not -90 <= self.latitude <= 90:
            raise ValueError("latitude must lie in -90..90")
        if not -180 <= self.longitude <= 180:
            raise ValueError("longitude must lie in -180..180")
