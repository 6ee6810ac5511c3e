"""People are told over their channels, by real servers of each kind, once they turned them on."""

from datetime import timedelta

import jwt
import pytest
from apprise.plugins.twilio import NotifyTwilio
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.browser import Browser, decoded
from tests.support.channels import (
    ADDRESS,
    CLOUDS_BOT,
    add,
    call,
    carry,
    channel,
    choose,
    code_in,
    mailed,
    phone_at,
    raise_one,
    speak,
)
from tests.support.house import ONE, TWO, House
from tests.support.http_peer import HttpPeer, http_peer
from tests.support.post_office import PostOffice
from tests.support.yard import count
from tokkatot.cloud.channels.courier import FIRST_RETRY
from tokkatot.cloud.channels.service import (
    CODE_LIFETIME,
    ENDS_SOON,
    MAX_CHANNELS,
    MAX_CODES_A_DAY,
)
from tokkatot.cloud.main import clean
from tokkatot.cloud.platform.tokens import REFRESH_LIFETIME

# ------------------------------------------------------------------------------- web push


async def test_an_alarm_comes_to_a_phone_as_nobody_between_can_read_it(
    house: House, push: HttpPeer
) -> None:
    phone = phone_at(push)
    await add(house, phone.body(name="Sokha's phone"))
    await raise_one(house, severity="critical")
    await carry(house)
    (asked,) = push.asked
    shown = phone.read(asked.body)
    assert shown == {
        "title": "បន្ទាន់: ទឹកក្នុងធុងនៅតិច",
        "body": "Kandal · Coop\n១២ % (កំណត់ ២០ %)\nមើលថាម៉ូទ័របូមទឹកដើរឬអត់។",
        "path": f"/farms/{house.yard.farm_id}/alerts/{ONE}",
        "urgent": True,
    }
    assert shown["title"].encode() not in asked.body
    assert (asked.path, asked.headers["content-encoding"]) == ("/push/phone-1", "aes128gcm")
    assert (asked.headers["urgency"], int(asked.headers["ttl"])) == ("high", 3600)
    assert (await channel(house))["sent_at"] is not None


async def test_a_push_service_sees_that_it_is_this_cloud(house: House, push: HttpPeer) -> None:
    offered = await house.cloud.get("/v1/users/me/channel-kinds", house.owner)
    phone = phone_at(push)
    await add(house, phone.body())
    await raise_one(house)
    await carry(house)
    words = dict(
        part.split("=", 1)
        for part in push.asked[0].headers["authorization"].removeprefix("vapid ").split(", ")
    )
    assert words["k"] == offered["push_key"]
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(words["k"]))
    claims = jwt.decode(words["t"], key, algorithms=["ES256"], options={"verify_aud": False})
    assert claims["aud"].startswith("https://127.0.0.1")


async def test_it_is_told_in_the_persons_language(house: House, push: HttpPeer) -> None:
    phone = phone_at(push)
    await speak(house, "en")
    await add(house, phone.body())
    await raise_one(house, severity="critical")
    await carry(house)
    assert phone.read(push.asked[0].body)["title"] == "Urgent: Water in the tank is low"


async def test_a_phone_that_logged_out_is_told_nothing(house: House, push: HttpPeer) -> None:
    other = await house.cloud.log_in(house.owner.login)
    await add(house, phone_at(push).body(), other)
    answer = await house.cloud.http.post("/v1/auth/logout", headers=other.headers)
    assert answer.status_code == 204
    await raise_one(house)
    assert await carry(house) == 0


async def test_a_phone_that_logs_in_again_has_to_be_turned_on_again(
    house: House, push: HttpPeer
) -> None:
    other = await house.cloud.log_in(house.owner.login)
    added = await add(house, phone_at(push).body(), other)
    await house.cloud.post("/v1/auth/logout", {}, other, status=204)
    again = await house.cloud.log_in(house.owner.login)
    assert (await call(house, "GET", "", None, again))[1]["items"] == []
    assert (await call(house, "POST", f"/{added['id']}/test", None, again))[0] == 404
    assert (await call(house, "PATCH", f"/{added['id']}", {"is_on": True}, again))[0] == 404
    await add(house, phone_at(push).body(), again)
    await raise_one(house)
    assert await carry(house) == 1


async def test_phones_that_logged_out_leave_room_for_others(house: House, push: HttpPeer) -> None:
    other = await house.cloud.log_in(house.owner.login)
    for n in range(MAX_CHANNELS):
        phone = Browser(f"https://{push.host}/push/phone-{n}")
        await add(house, phone.body(), other)
    refused = Browser(f"https://{push.host}/push/another").body()
    assert (await call(house, "POST", "", refused))[0] == 409
    await house.cloud.post("/v1/auth/logout", {}, other, status=204)
    await add(house, refused)
    assert await count(house.cloud.context.database, "channels") == 1


async def test_a_phone_tells_the_one_who_is_logged_in_there_now(
    house: House, push: HttpPeer
) -> None:
    viewer = await house.cloud.member(house.owner, house.yard.farm_id, "viewer")
    phone = phone_at(push)
    await add(house, phone.body())
    await add(house, phone.body(), viewer)
    assert (await call(house, "GET"))[1]["items"] == []
    await raise_one(house)
    assert await carry(house) == 1


async def test_a_phone_is_asked_to_open_the_app_before_its_login_ends(
    house: House, push: HttpPeer
) -> None:
    phone = phone_at(push)
    await speak(house, "en")
    await add(house, phone.body())

    async def asked_after(wait: timedelta) -> int:
        house.cloud.clock.advance(wait.total_seconds())
        await clean(house.cloud.context)
        return await carry(house)

    assert await asked_after(REFRESH_LIFETIME - ENDS_SOON - timedelta(seconds=1)) == 0
    assert await asked_after(timedelta(seconds=1)) == 1
    shown = phone.read(push.asked[0].body)
    assert shown["title"] == "Open Tokkatot to keep getting alerts on this phone"
    assert (shown["path"], shown["urgent"]) == ("/", False)
    assert await asked_after(timedelta(hours=23)) == 0
    assert await asked_after(timedelta(hours=1)) == 1
    body = {"refresh_token": house.owner.refresh_token}
    assert (await house.cloud.http.post("/v1/auth/refresh", json=body)).status_code == 200
    assert await asked_after(timedelta(days=1)) == 0
    assert await asked_after(REFRESH_LIFETIME - timedelta(days=2)) == 1
    assert await asked_after(timedelta(days=2)) == 0, "it is over"


async def test_only_a_phone_that_is_on_is_asked_to_open_the_app(
    house: House, push: HttpPeer, mails: PostOffice
) -> None:
    await mailed(house, mails)
    added = await add(house, phone_at(push).body())
    assert (await call(house, "PATCH", f"/{added['id']}", {"is_on": False}))[0] == 200
    house.cloud.clock.advance(timedelta(days=26).total_seconds())
    await clean(house.cloud.context)
    assert await carry(house) == 0


async def test_a_browser_that_is_gone_is_off(house: House, push: HttpPeer) -> None:
    await add(house, phone_at(push).body())
    push.answers = [(410, {})]
    await raise_one(house)
    await raise_one(house, 2, TWO)
    await carry(house)
    one = await channel(house)
    assert (one["is_on"], one["failure"], one["given_up"]) == (False, "gone", 1)


async def test_a_redirect_is_not_followed(house: House, push: HttpPeer) -> None:
    await add(house, phone_at(push).body())
    push.answers = [(307, {})]
    await raise_one(house)
    await carry(house)
    assert [asked.path for asked in push.asked] == ["/push/phone-1"]
    assert (await channel(house))["failure"] == "refused"


async def test_a_browser_at_a_server_of_the_farm_is_refused(house: House) -> None:
    phone = Browser("https://192.168.1.1/push")
    status, problem = await call(house, "POST", "", phone.body())
    assert (status, problem["errors"][0]["field"]) == (422, "body.endpoint")


# ---------------------------------------------------------------------- mail, Telegram, SMS


async def test_an_address_is_told_nothing_before_its_code_has_come_back(
    house: House, mails: PostOffice
) -> None:
    added = await add(house, {"kind": "email", "address": ADDRESS})
    assert (added["is_on"], added["verified_at"]) == (False, None)
    await raise_one(house)
    await carry(house)
    (mail,) = mails.taken
    assert mail["to"] == ADDRESS
    assert (await call(house, "PATCH", f"/{added['id']}", {"is_on": True}))[0] == 409
    assert (await call(house, "POST", f"/{added['id']}/test"))[0] == 409


async def test_an_alarm_comes_by_mail_with_the_way_to_it(house: House, mails: PostOffice) -> None:
    choose(house, public_url="https://tokkatot.example.com/")
    await speak(house, "en")
    await mailed(house, mails)
    await raise_one(house)
    await carry(house)
    (mail,) = mails.taken
    assert mail["subject"] == "Water in the tank is low"
    assert mail.get_content().splitlines() == [
        "Kandal · Coop",
        "12 % (limit 20 %)",
        "See whether the pump is running.",
        f"https://tokkatot.example.com/farms/{house.yard.farm_id}/alerts/{ONE}",
    ]


async def test_a_chat_is_told_by_the_clouds_bot(house: House, telegram: HttpPeer) -> None:
    added = await add(house, {"kind": "telegram", "address": "4711"})
    await carry(house)
    code = code_in(telegram.asked[0].json["text"])
    assert (await call(house, "POST", f"/{added['id']}/verify", {"code": code}))[0] == 204
    await raise_one(house)
    await carry(house)
    assert telegram.asked[-1].path == f"/bot{CLOUDS_BOT}/sendMessage"
    said = telegram.asked[-1].json
    assert (said["chat_id"], "Kandal · Coop" in said["text"]) == (4711, True)
    assert "ទឹកក្នុងធុងនៅតិច" in said["text"]


async def test_a_bot_of_ones_own_is_used_and_its_token_never_shown(
    house: House, telegram: HttpPeer
) -> None:
    own = "987654321:" + "B" * 35
    added = await add(house, {"kind": "telegram", "address": f"tgram://{own}/4711"})
    await carry(house)
    assert telegram.asked[0].path == f"/bot{own}/sendMessage"
    assert own not in str(added)


async def test_what_telegram_refuses_is_tried_again(house: House, telegram: HttpPeer) -> None:
    telegram.answers = [(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})]
    await add(house, {"kind": "telegram", "address": "4711"})
    await carry(house)
    house.cloud.clock.advance(FIRST_RETRY.total_seconds())
    assert await carry(house) == 1
    assert len(telegram.asked) == 2
    assert (await channel(house))["sent_at"] is not None


async def test_a_number_is_told_by_sms_what_and_where(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = "AC" + "0" * 32
    choose(house, sms_url=f"twilio://{sid}:{'0' * 32}@+15551234567")
    async with http_peer((201, {"status": "queued"})) as twilio:
        monkeypatch.setattr(
            NotifyTwilio, "notify_sms_url", f"http://{twilio.host}/Accounts/{{sid}}/Messages.json"
        )
        await add(house, {"kind": "sms", "address": "012 345 678"})
        await carry(house)
    (asked,) = twilio.asked
    assert asked.path == f"/Accounts/{sid}/Messages.json"
    assert b"To=%2B85512345678" in asked.body


async def test_only_what_the_settings_offer_can_be_added(house: House) -> None:
    offered = await house.cloud.get("/v1/users/me/channel-kinds", house.owner)
    assert (offered["kinds"], offered["telegram_bot"]) == (["web_push", "telegram"], False)
    for kind, address in (("email", ADDRESS), ("sms", "012345678")):
        status, _ = await call(house, "POST", "", {"kind": kind, "address": address})
        assert status == 409


# --------------------------------------------------------------------------- what is told


async def test_quiet_hours_and_subscriptions_hold_for_channels_too(
    house: House, push: HttpPeer
) -> None:
    phone = phone_at(push)
    await add(house, phone.body())
    wish = {"least": "warning", "quiet_from": "00:00", "quiet_until": "23:59"}
    await house.cloud.post("/v1/users/me/alert-subscriptions", wish, house.owner)
    await raise_one(house, 1, ONE, severity="warning")
    await raise_one(house, 2, TWO, severity="info")
    assert await carry(house) == 0
    await house.send(
        "events", [house.alert_row(3, "raised_again", times=2, severity="critical")], 3
    )
    assert await carry(house) == 1
    assert phone.read(push.asked[0].body)["urgent"] is True


async def test_a_channel_may_be_for_what_is_urgent_alone_or_off(
    house: House, push: HttpPeer
) -> None:
    added = await add(house, phone_at(push).body(least="critical"))
    await raise_one(house)
    assert await carry(house) == 0
    await raise_one(house, 2, TWO, severity="critical")
    assert await carry(house) == 1
    status, changed = await call(house, "PATCH", f"/{added['id']}", {"is_on": False})
    assert (status, changed["is_on"]) == (200, False)
    await house.send("events", [house.alert_row(3, "raised_again", TWO, times=2)], 3)
    assert await carry(house) == 0


async def test_a_test_comes_and_tells_so(house: House, push: HttpPeer) -> None:
    phone = phone_at(push)
    added = await add(house, phone.body())
    assert (await call(house, "POST", f"/{added['id']}/test"))[0] == 202
    assert (await call(house, "POST", f"/{added['id']}/test"))[0] == 429
    await carry(house)
    assert phone.read(push.asked[0].body)["title"] == "សាកល្បងពី Tokkatot"
    one = await channel(house)
    assert one["sent_at"] >= one["tested_at"]


# ----------------------------------------------------------------------------- whose it is


async def test_a_wrong_code_turns_nothing_on_and_five_make_it_void(
    house: House, mails: PostOffice
) -> None:
    added = await add(house, {"kind": "email", "address": ADDRESS})
    await carry(house)
    code = code_in(mails.taken[0]["subject"])
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    verify = f"/{added['id']}/verify"
    for _ in range(5):
        assert (await call(house, "POST", verify, {"code": wrong}))[0] == 422
    assert (await call(house, "POST", verify, {"code": code}))[0] == 410
    assert (await call(house, "POST", f"/{added['id']}/code"))[0] == 202
    await carry(house)
    again = code_in(mails.taken[1]["subject"])
    assert (await call(house, "POST", verify, {"code": f"{again[:3]} {again[3:]}"}))[0] == 204
    assert (await channel(house))["is_on"] is True
    assert (await call(house, "POST", f"/{added['id']}/code"))[0] == 409


async def test_a_code_lasts_an_hour(house: House, mails: PostOffice) -> None:
    added = await add(house, {"kind": "email", "address": ADDRESS})
    await carry(house)
    house.cloud.clock.advance(CODE_LIFETIME.total_seconds())
    body = {"code": code_in(mails.taken[0]["subject"])}
    assert (await call(house, "POST", f"/{added['id']}/verify", body))[0] == 410


async def test_a_person_has_few_channels_and_sends_few_codes(
    house: House, mails: PostOffice
) -> None:
    ids = [
        (await add(house, {"kind": "email", "address": f"a{n}@example.com"}))["id"]
        for n in range(MAX_CHANNELS)
    ]
    assert MAX_CODES_A_DAY == MAX_CHANNELS
    body = {"kind": "email", "address": "another@example.com"}
    assert (await call(house, "POST", "", body))[0] == 409
    assert (await call(house, "POST", f"/{ids[0]}/code"))[0] == 429
    assert (await call(house, "DELETE", f"/{ids[0]}"))[0] == 204
    status, _ = await call(house, "POST", "", body)
    assert status == 429, "who removes and adds again sends no more codes"
    assert len((await call(house, "GET"))[1]["items"]) == MAX_CHANNELS - 1


async def test_the_same_address_is_added_once(house: House, mails: PostOffice) -> None:
    await add(house, {"kind": "email", "address": ADDRESS})
    status, problem = await call(house, "POST", "", {"kind": "email", "address": ADDRESS.upper()})
    assert (status, problem["code"]) == (409, "already_exists")


async def test_nobody_sees_or_changes_the_channels_of_another(house: House, push: HttpPeer) -> None:
    added = await add(house, phone_at(push).body())
    other, _ = await house.cloud.sign_up("Elsewhere")
    assert (await call(house, "GET", "", None, other))[1]["items"] == []
    for method, path, body in (
        ("PATCH", "", {"is_on": False}),
        ("DELETE", "", None),
        ("POST", "/test", None),
        ("POST", "/code", None),
        ("POST", "/verify", {"code": "000000"}),
    ):
        status, _ = await call(house, method, f"/{added['id']}{path}", body, other)
        assert status == 404
    assert (await channel(house))["is_on"] is True
