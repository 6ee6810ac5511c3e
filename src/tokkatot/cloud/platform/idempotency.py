"""Writes that may be retried: the first answer under a key is kept for a day and given again."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from starlette.responses import Response

from tokkatot.cloud.platform.base import Base
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.http import json_response
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.cloud.platform.purging import purge_oldest

KEPT = timedelta(hours=24)


class IdempotentAnswer(Base):
    """The first answer to a request under a caller's key."""

    __tablename__ = "idempotent_answers"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
        description="A word of your choice; a repeat under it does nothing twice.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """The key of a request, if it has one, and the hash of what it asks."""

    key: str | None
    request_hash: str

    async def once(
        self,
        tx: Transaction,
        user_id: UUID,
        work: Callable[[], Awaitable[BaseModel]],
        *,
        status: int = 201,
    ) -> Response:
        """Do the work and keep its answer in the same transaction, or give the kept answer.

        A repeat that comes while the first is still running waits for it on the row's lock.

        Raises:
            Conflict: when the key was used for another request.
        """
        if self.key is None:
            return json_response((await work()).model_dump_json(), status)
        taken = await tx.session.scalar(
            insert(IdempotentAnswer)
            .values(
                user_id=user_id,
                key=self.key,
                request_hash=self.request_hash,
                created_at=tx.now,
            )
            .on_conflict_do_nothing()
            .returning(IdempotentAnswer.key)
        )
        if taken is None:
            return await self._kept(tx, user_id)
        body = (await work()).model_dump_json()
        await tx.session.execute(
            update(IdempotentAnswer)
            .where(IdempotentAnswer.user_id == user_id, IdempotentAnswer.key == self.key)
            .values(status=status, body=body)
        )
        return json_response(body, status)

    async def _kept(self, tx: Transaction, user_id: UUID) -> Response:
        kept = await tx.session.scalar(
            select(IdempotentAnswer).where(
                IdempotentAnswer.user_id == user_id, IdempotentAnswer.key == self.key
            )
        )
        if kept is None or kept.request_hash != self.request_hash:
            raise Conflict("idempotency_mismatch")
        assert kept.status is not None, "the answer is written with its key"
        assert kept.body is not None, "the answer is written with its key"
        return json_response(kept.body, kept.status)


async def idempotency(request: Request, idempotency_key: Key = None) -> Idempotency:
    """Read the key of a request and hash method, path and body."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    digest.update(await request.body())
    return Idempotency(key=idempotency_key, request_hash=digest.hexdigest())


async def purge(session: AsyncSession, *, now: datetime) -> bool:
    """Forget the oldest answers of those older than a day; tell whether there may be more."""
    made_at = IdempotentAnswer.created_at
    return await purge_oldest(session, IdempotentAnswer, made_at < now - KEPT, by=made_at)


Once = Annotated[Idempotency, Depends(idempotency)]
