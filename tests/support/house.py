"""A house whose hub a test speaks for, row by row, without a broker."""

from dataclasses import dataclass
from itertools import count

import msgspec

from tests.support.cloud import Cloud, Person
from tests.support.yard import EPOCH, Row, Yard, batch, make_yard, ms
from tokkatot.cloud.sync.postgres import PostgresStore
from tokkatot.cloud.sync.service import Incoming, SyncService
from tokkatot.domain.ids import FarmId
from tokkatot.wire.messages import Live, Welcome, decode
from tokkatot.wire.topics import HubLeaf

ONE, TWO = (f"0190b5a0-0000-7000-8000-0000000000a{n}" for n in (1, 2))
"""Ids of alerts."""


@dataclass
class House:
    """A house whose hub has said hello."""

    cloud: Cloud
    owner: Person
    yard: Yard
    service: SyncService
    session: str
    now_ms: int
    epoch: str = EPOCH

    @property
    def url(self) -> str:
        return f"/v1/farms/{self.yard.farm_id}/houses/{self.yard.house_id}"

    @property
    def farm_url(self) -> str:
        return f"/v1/farms/{self.yard.farm_id}"

    def alert_row(self, seq: int, change: str, alert: str = ONE, **more: object) -> Row:
        """Return an alert's row as the hub sends it."""
        fields: dict[str, object] = {
            "type": "water_low",
            "severity": "warning",
            "times": 1,
            "about": None,
            "name": None,
            "under": None,
            "shelved": False,
            "flaps": False,
        } | more
        head: Row = [seq, "a", alert, self.now_ms, fields.pop("type"), change]
        return [*head, str(self.yard.house_id), None, 20.0, 12.0, *fields.values()]

    async def send(self, stream: str, rows: list[Row], first: int = 1) -> None:
        up = batch(self.session, stream, first, rows, epoch=self.epoch)  # type: ignore[arg-type]  # a word
        topic = self.yard.topic(HubLeaf.UP)
        assert await self.service.batches([Incoming(topic=topic, up=up)])

    async def minutes(self, values: list[float], first: int = 1) -> None:
        """Send readings a minute apart, the last one now."""
        start_ms = self.now_ms - (len(values) - 1) * 60_000
        rows = [
            self.yard.reading(first + n, start_ms + n * 60_000, value)
            for n, value in enumerate(values)
        ]
        for at in range(0, len(rows), 500):
            await self.send("readings", rows[at : at + 500], first + at)

    async def reconnect(self, boot: str, *, next_seq: int = 1) -> None:
        """Begin another session, as after a broken line."""
        hello = self.yard.hello(epoch=self.epoch, next_seq=next_seq)
        hello = msgspec.structs.replace(hello, boot=boot)
        answers = await self.service.hello(self.yard.topic(HubLeaf.HELLO), hello)
        self.session = decode(answers[0].payload, Welcome).session

    async def restore_card(self, epoch: str, *, next_seq: int = 1) -> None:
        """Begin anew to number, as on an old image of the card: what it holds comes again.

        Rows before `next_seq` may be stored already.
        """
        self.epoch = epoch
        await self.reconnect(epoch, next_seq=next_seq)

    async def live(self) -> None:
        """Say that the hub is there, with nothing to tell."""
        nothing = Live(session=self.session, t=0, readings=[], devices=[])
        await self.service.live(self.yard.topic(HubLeaf.LIVE), nothing)


async def house_of(cloud: Cloud) -> House:
    """Make a farm with a house whose hub has said hello."""
    owner, farm_id = await cloud.sign_up()
    database = cloud.context.database
    yard = await make_yard(database, farm_id=FarmId(farm_id))
    sessions = (f"s{n}" for n in count())
    service = SyncService(
        PostgresStore(database, cloud.readings, clock=cloud.clock),
        clock=cloud.clock,
        new_session=lambda: next(sessions),
    )
    house = House(cloud, owner, yard, service, "", ms(cloud.clock.now()))
    await house.reconnect("boot")
    return house
