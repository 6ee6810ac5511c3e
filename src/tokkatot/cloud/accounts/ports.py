"""What this room asks of the rooms above it, which `app` hands in."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends
from starlette.requests import HTTPConnection

from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.ids import FarmId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmBrief:
    """A farm as a person sees it right after logging in."""

    id: FarmId
    name: str
    role: str
    coop_count: int
    house_count: int


class FarmDirectory(Protocol):
    """The farms of people."""

    async def found(
        self, tx: Transaction, *, name: str, province: str | None, owner_id: UserId
    ) -> FarmId:
        """Make a farm with its first owner."""
        ...

    async def farms_of(
        self, tx: Transaction, user_id: UserId, *, is_staff: bool
    ) -> list[FarmBrief]:
        """Return the farms that a person may open."""
        ...

    async def farm_ids_of(self, tx: Transaction, user_id: UserId) -> list[FarmId]:
        """Return the farms of which a person is a member."""
        ...


async def farm_directory(connection: HTTPConnection) -> FarmDirectory:
    """Return the directory of the process that serves this request."""
    directory: FarmDirectory = connection.app.state.farm_directory
    return directory


Farms = Annotated[FarmDirectory, Depends(farm_directory)]
