"""Many people of a farm, logged in without typing a password each."""

from uuid import UUID

from benches.support.beside import Beside
from tokkatot.cloud.accounts.service import NewPerson, create_user
from tokkatot.cloud.accounts.sessions import open_session
from tokkatot.cloud.farms.model import FarmMember
from tokkatot.cloud.farms.service import Directory
from tokkatot.cloud.platform.audit import NOWHERE
from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.platform.keys import SigningKeys
from tokkatot.cloud.platform.tokens import Tokens
from tokkatot.domain.people import MemberRole
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource

_FIRST_PHONE = 12_300_000


async def tokens_of(beside: Beside, farm_id: str, count: int, *, before: int = 0) -> list[str]:
    """Make managers of a farm, after those of other farms, and return an access token of each."""
    clock = SystemClock()
    tokens = Tokens(SigningKeys.load(beside.clouds[0].data_dir / "keys").token_key)
    database = Database.open(beside.postgres.url(), clock=clock, ids=IdSource(clock))
    found = []
    try:
        for number in range(before, before + count):
            async with database.transaction() as tx:
                user = await create_user(
                    tx,
                    NewPerson(
                        name=f"Viewer {number}", phone=f"0{_FIRST_PHONE + number}", email=None
                    ),
                    password_hash=None,
                    contact_verified=True,
                )
                tx.session.add(
                    FarmMember(
                        farm_id=UUID(farm_id),
                        user_id=user.id,
                        role=MemberRole.MANAGER,
                        invited_by=None,
                        created_at=tx.now,
                    )
                )
                await tx.session.flush()
                opened = await open_session(tx, tokens, Directory(), user, None, NOWHERE)
            found.append(opened.access_token)
    finally:
        await database.close()
    return found
