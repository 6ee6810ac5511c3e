"""What this room asks of the rooms above it, which `app` hands in."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.alerts import Severity


class AlertDigest(Protocol):
    """How bad it is on farms."""

    async def worst_by_farm(
        self, tx: Transaction, farm_ids: Sequence[UUID]
    ) -> Mapping[UUID, Severity]:
        """Return the worst severity that stands on each farm; a calm farm is left out."""
        ...


def alert_digest(connection: HTTPConnection) -> AlertDigest:
    """Return the digest of the process that serves this request."""
    digest: AlertDigest = connection.app.state.alert_digest
    return digest


Alerts = Annotated[AlertDigest, Depends(alert_digest)]
