"""What this room asks of the rooms above it, which `app` hands in."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from tokkatot.cloud.farms.model import House
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.limits import Limit
from tokkatot.domain.alerts import Severity
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import FarmId, HouseId, HubId


class AlertDigest(Protocol):
    """How bad it is on farms."""

    async def worst_by_farm(
        self, tx: Transaction, farm_ids: Sequence[UUID]
    ) -> Mapping[UUID, Severity]:
        """Return the worst severity that stands on each farm; a calm farm is left out."""
        ...


class Documents(Protocol):
    """What hubs are to hold, as far as whoever changes it must know."""

    async def check(self, tx: Transaction, hub_ids: Iterable[HubId]) -> None:
        """Refuse what has been changed in this transaction where a hub could not hold it.

        Raises:
            Conflict: when a hub's document would be too long.
        """
        ...


class Automation(Protocol):
    """What houses do by themselves, as far as rooms below must know."""

    async def misfits(
        self, tx: Transaction, farm_id: FarmId, house_id: HouseId | None = None
    ) -> Mapping[UUID, str]:
        """Return what is switched on and could not be carried out, as names by ids.

        Without a house it speaks of all houses of the farm.
        """
        ...

    async def held_now(self, tx: Transaction, house: House) -> SetPoints:
        """Return the set-points of a house by its schedules, its night and its flock's age."""
        ...


async def invitations(connection: HTTPConnection) -> Limit:
    """Return how often one person may invite, as the process that serves this request counts it."""
    limit: Limit = connection.app.state.invitations
    return limit


async def automation(connection: HTTPConnection) -> Automation:
    """Return the automation of the process that serves this request."""
    found: Automation = connection.app.state.automation
    return found


async def documents(connection: HTTPConnection) -> Documents:
    """Return the documents of the process that serves this request."""
    found: Documents = connection.app.state.documents
    return found


async def alert_digest(connection: HTTPConnection) -> AlertDigest:
    """Return the digest of the process that serves this request."""
    digest: AlertDigest = connection.app.state.alert_digest
    return digest


Alerts = Annotated[AlertDigest, Depends(alert_digest)]
Invitations = Annotated[Limit, Depends(invitations)]
HouseAutomation = Annotated[Automation, Depends(automation)]
HubDocuments = Annotated[Documents, Depends(documents)]
