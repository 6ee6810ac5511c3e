"""The process end of the sync, over a real broker."""

import asyncio
import logging
import re
from collections.abc import Callable

import pytest
from typing_extensions import override

from tests.support.cloud import Cloud
from tests.support.running import LOGIN, WITHIN_S, broker_access, broker_client
from tests.support.yard import make_yard
from tokkatot.cloud.platform.broker import EmbeddedBroker
from tokkatot.cloud.platform.logins import cloud_login
from tokkatot.cloud.sync.worker import SyncWorker
from tokkatot.wire.messages import encode
from tokkatot.wire.topics import HubLeaf

MQTT_LOG = "mqtt"
SENT = re.compile(r"Sending PUBLISH \(.*\bm(\d+)\).*/desired'")
TAKEN = re.compile(r"Received PUBACK \(Mid: (\d+)\)")


class WhenTaken(logging.Handler):
    """Does something so many turns of the loop after the broker has taken a document for a hub."""

    def __init__(self, turns: int, do: Callable[[], object]) -> None:
        super().__init__()
        self._turns = turns
        self._do = do
        self._sent: str | None = None

    @override
    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if sent := SENT.search(line):
            self._sent = sent[1]
        if (taken := TAKEN.search(line)) and taken[1] == self._sent:
            self._sent = None
            self._wait(self._turns)

    def _wait(self, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._wait, turns - 1)
        else:
            self._do()


@pytest.mark.parametrize("turns", range(3))
async def test_the_sync_ends_when_it_is_told_to_in_the_moment_of_an_answer(
    cloud: Cloud, mosquitto: EmbeddedBroker, caplog: pytest.LogCaptureFixture, turns: int
) -> None:
    caplog.set_level(logging.DEBUG, MQTT_LOG)
    mosquitto.logins.write([cloud_login(LOGIN, mosquitto.password())])
    yard = await make_yard(cloud.context.database)
    worker = SyncWorker(
        cloud.context, cloud.readings, broker=broker_access(mosquitto), random=lambda: 0.5
    )
    at_work = asyncio.create_task(worker.run())
    told = WhenTaken(turns, at_work.cancel)
    logging.getLogger(MQTT_LOG).addHandler(told)
    try:
        async with broker_client(mosquitto) as hub, asyncio.timeout(WITHIN_S):
            while not at_work.done():
                await hub.publish(str(yard.topic(HubLeaf.HELLO)), encode(yard.hello()), qos=0)
                await asyncio.wait([at_work], timeout=0.05)
    finally:
        logging.getLogger(MQTT_LOG).removeHandler(told)
        at_work.cancel()
    assert at_work.cancelled()
