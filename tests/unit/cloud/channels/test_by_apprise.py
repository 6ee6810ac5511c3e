"""Apprise is held to a few threads, and each service for SMS is one that it has."""

import asyncio
import subprocess
import sys
import threading
from typing import Any

import pytest

from tokkatot.cloud.channels import by_apprise
from tokkatot.cloud.channels.by_apprise import AppriseCarrier, by_sms
from tokkatot.cloud.channels.carriers import Letter, NotTaken
from tokkatot.cloud.channels.model import Failure
from tokkatot.cloud.platform.settings import SettingsRefused, load_settings
from tokkatot.cloud.platform.sms_url import SMS_SERVICES

LETTER = Letter(
    address="+85512345678",
    secrets={},
    title="Too hot",
    body="Kandal · Coop\nLook",
    path="/farms",
    link=None,
    urgent=True,
)
SID, WORD = "AC" + "0" * 32, "0" * 32
URLS = {
    "atalk": f"atalk://me@{WORD}/Tokkatot",
    "infobip": f"infobip://{WORD}@abcde.api.infobip.com",
    "msgbird": "msgbird://" + "0" * 25 + "/+15551234567",
    "plivo": f"plivo://{'0' * 25}@{'0' * 40}/+15551234567",
    "seven": f"seven://{WORD}",
    "sinch": f"sinch://{WORD}:{WORD}@+15551234567",
    "telnyx": "telnyx://KEY0123@+15551234567",
    "twilio": f"twilio://{SID}:{WORD}@+15551234567",
    "vonage": "vonage://01234567:0123456789abcdef@15551234567",
}


@pytest.mark.parametrize("scheme", SMS_SERVICES)
def test_each_service_sends_to_the_one_number_that_is_asked_for(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def keep(service: Any, **_: str) -> bool:
        made.append(service)
        return True

    monkeypatch.setattr(by_apprise, "_notify", keep)
    assert load_settings(sms_url=URLS[scheme]).sms_url == URLS[scheme]
    assert by_sms(URLS[scheme])(LETTER)
    (service,) = made
    assert "85512345678" in service.url()
    assert (service.redirects, len(service)) == (False, 1)


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1",
        "file:///etc/passwd",
        "exec://reboot",
        "twilio:",
        f"twilio://{SID}:{WORD}@+15551234567?verify=no",
        "",
    ],
)
def test_nothing_else_may_send_sms(url: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        load_settings(sms_url=url)
    assert WORD not in str(refused.value)


async def test_a_service_that_hangs_holds_no_more_than_its_threads() -> None:
    goes_on, waiting = threading.Event(), threading.Semaphore(0)

    def hang(_: Letter) -> bool:
        waiting.release()
        return goes_on.wait(250)

    carrier = AppriseCarrier(hang, threads=2)
    async with asyncio.TaskGroup() as group:
        hanging = [group.create_task(carrier.carry(LETTER)) for _ in range(2)]
        for _ in hanging:
            await asyncio.to_thread(waiting.acquire)
        with pytest.raises(NotTaken) as refused:
            await carrier.carry(LETTER)
        assert refused.value.failure is Failure.BUSY
        goes_on.set()
    await carrier.carry(LETTER)


async def test_who_gives_up_waiting_leaves_the_thread_counted() -> None:
    goes_on, waiting = threading.Event(), threading.Semaphore(0)

    def hang(_: Letter) -> bool:
        waiting.release()
        return goes_on.wait(250)

    carrier = AppriseCarrier(hang, threads=1)
    hanging = asyncio.create_task(carrier.carry(LETTER))
    await asyncio.to_thread(waiting.acquire)
    hanging.cancel()
    with pytest.raises(NotTaken):
        await carrier.carry(LETTER)
    goes_on.set()


def test_a_cloud_that_starts_loads_no_service() -> None:
    asked = "import sys, tokkatot.cloud.main; print(*sys.modules)"
    done = subprocess.run(
        (sys.executable, "-c", asked), capture_output=True, text=True, check=True, timeout=300
    )
    assert {"apprise", "requests", "webpush"}.isdisjoint(done.stdout.split())
