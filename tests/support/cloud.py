"""The cloud's application over a real database, without sockets and without its background work."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from tests.support.engines import remember_statements
from tokkatot.cloud.accounts.codes import normal_reset_code
from tokkatot.cloud.accounts.service import NewPerson, create_user, issue_registration_key
from tokkatot.cloud.app import create_app
from tokkatot.cloud.platform.cache import OwnCache
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.platform.http import HttpLimits
from tokkatot.cloud.platform.keys import SigningKeys
from tokkatot.cloud.platform.limits import own_limits
from tokkatot.cloud.platform.listen import Listener
from tokkatot.cloud.platform.metrics import Metrics
from tokkatot.cloud.platform.objects import Objects
from tokkatot.cloud.platform.passwords import QUICK, Passwords
from tokkatot.cloud.platform.readiness import Readiness, database_probe, schema_probe
from tokkatot.cloud.platform.settings import CloudSettings
from tokkatot.cloud.platform.tokens import Tokens
from tokkatot.cloud.telemetry.postgres import PostgresReadingStore
from tokkatot.cloud.telemetry.store import ReadingStore
from tokkatot.kit.clock import ManualClock
from tokkatot.kit.ids import IdSource

PASSWORD = "correct horse"
START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
PLENTY = HttpLimits(per_minute=100_000, auth_per_minute=100_000, invitations_per_minute=100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is logged in."""

    user_id: UUID
    login: str
    token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """What their requests carry."""
        return {"Authorization": f"Bearer {self.token}"}


class Cloud:
    """The application with what a test needs around it."""

    def __init__(self, app: FastAPI, context: Context, clock: ManualClock) -> None:
        self.app = app
        self.context = context
        self.clock = clock
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://cloud.test"
        )
        self._phones = iter(range(12_300_000, 12_399_999))

    @property
    def readings(self) -> ReadingStore:
        """Where readings are kept."""
        store: ReadingStore = self.app.state.readings
        return store

    async def registration_key(self, farm_name: str = "Kandal", phone: str | None = None) -> str:
        """Make a key as staff do."""
        async with self.context.database.transaction() as tx:
            issued = await issue_registration_key(
                tx, farm_name=farm_name, province=None, phone=phone, by=None
            )
        return issued.words

    async def sign_up(self, farm_name: str = "Kandal") -> tuple[Person, UUID]:
        """Make an owner with their farm."""
        phone = f"0{next(self._phones)}"
        answer = await self.http.post(
            "/v1/auth/signup",
            json={
                "registration_key": await self.registration_key(farm_name, phone),
                "name": f"Owner of {farm_name}",
                "phone": phone,
                "password": PASSWORD,
            },
        )
        assert answer.status_code == 201, answer.text
        return person_of(phone, answer.json()), UUID(answer.json()["farms"][0]["id"])

    async def prove(self, person: Person) -> None:
        """Have a person's phone number proved by a key that names it."""
        body = {"registration_key": await self.registration_key(phone=person.login)}
        await self.post("/v1/auth/verify-contact", body, person, status=204)

    async def staff(self) -> Person:
        """Make a member of staff."""
        phone = f"0{next(self._phones)}"
        async with self.context.database.transaction() as tx:
            await create_user(
                tx,
                NewPerson(name="Staff", phone=phone, email=None),
                password_hash=await self.context.passwords.hash(PASSWORD),
                contact_verified=True,
                is_staff=True,
            )
        return await self.log_in(phone)

    async def log_in(self, login: str, password: str = PASSWORD) -> Person:
        """Log in."""
        answer = await self.http.post("/v1/auth/login", json={"login": login, "password": password})
        assert answer.status_code == 200, answer.text
        return person_of(login, answer.json())

    async def member(self, owner: Person, farm_id: UUID, role: str) -> Person:
        """Invite a new person to a farm, who sets a password by the code."""
        phone = f"0{next(self._phones)}"
        answer = await self.http.post(
            f"/v1/farms/{farm_id}/members",
            json={"name": role.title(), "phone": phone, "role": role},
            headers=owner.headers,
        )
        assert answer.status_code == 201, answer.text
        code = answer.json()["reset_code"]["code"]
        reset = await self.http.post(
            "/v1/auth/reset-password",
            json={"login": phone, "code": normal_reset_code(code), "new_password": PASSWORD},
        )
        assert reset.status_code == 204, reset.text
        return await self.log_in(phone)

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        person: Person,
        *,
        status: int = 201,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Post as a person and return the answer."""
        answer = await self.http.post(
            path, json=dict(body), headers={**person.headers, **(headers or {})}
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def get(self, path: str, person: Person, *, status: int = 200) -> Any:
        """Get as a person and return the answer."""
        answer = await self.http.get(path, headers=person.headers)
        assert answer.status_code == status, answer.text
        return answer.json()


def person_of(login: str, answer: Mapping[str, Any]) -> Person:
    """Read the answer of a login."""
    return Person(
        user_id=UUID(answer["user"]["id"]),
        login=login,
        token=answer["access_token"],
        refresh_token=answer["refresh_token"],
    )


@asynccontextmanager
async def cloud_over(
    url: str,
    folder: Path,
    *,
    limits: HttpLimits = PLENTY,
    web_folder: Path | None = None,
    clock: ManualClock | None = None,
) -> AsyncIterator[Cloud]:
    """Run the application over the database at `url`."""
    clock = clock or ManualClock(START)
    ids = IdSource(clock)
    keys = SigningKeys.load(folder / "keys")
    passwords = Passwords(QUICK)
    database = Database.open(url, clock=clock, ids=ids)
    remember_statements(database.engine.sync_engine)
    context = Context(
        settings=CloudSettings(data_dir=folder, database_url=url, mqtt_url="mqtt://broker.test"),
        clock=clock,
        ids=ids,
        database=database,
        listener=Listener(url, clock=clock, random=lambda: 0.5),
        keys=keys,
        tokens=Tokens(keys.token_key),
        passwords=passwords,
        objects=Objects.open(None, folder=folder / "objects"),
        metrics=Metrics(),
        limit_of=own_limits(clock),
        cache=OwnCache(clock=clock),
    )
    readiness = Readiness({"database": database_probe(database), "schema": schema_probe(database)})
    readings = PostgresReadingStore(database)
    app = create_app(context, readings, readiness=readiness, web_folder=web_folder, limits=limits)
    cloud = Cloud(app, context, clock)
    try:
        yield cloud
    finally:
        await cloud.http.aclose()
        passwords.close()
        await database.close()
