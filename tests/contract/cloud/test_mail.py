"""Who can't get in is sent a code by mail, over a real mail server."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.certificates import certified
from tests.support.cloud import PASSWORD, Cloud, Person
from tests.support.post_office import LOGIN, PostOffice, post_office
from tests.support.post_office import PASSWORD as POST_PASSWORD
from tokkatot.cloud.accounts.reset_requests import (
    ASK_AGAIN_AFTER,
    MAX_TRIES,
    MAX_WAITING,
    ResetRequests,
)
from tokkatot.cloud.farms.service import Directory
from tokkatot.cloud.platform.mail import Mail, MailDelayed, Mailer
from tokkatot.cloud.platform.settings import CloudSettings
from tokkatot.cloud.platform.smtp_url import SmtpServer

ADDRESS = "sokha@example.com"
NEW_PASSWORD = "battery staple"


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as found:
        yield found


@pytest.fixture
async def owner(cloud: Cloud) -> Person:
    person, _ = await cloud.sign_up()
    changed = await cloud.http.patch(
        "/v1/users/me",
        json={"email": ADDRESS, "password": PASSWORD},
        headers=person.headers,
    )
    assert changed.status_code == 200
    return person


def mailer(cloud: Cloud, url: str) -> Mailer:
    context = cloud.context
    sender = "Tokkatot <mail@tokkatot.example>"
    return Mailer(SmtpServer.parse(url), sender, clock=context.clock, ids=context.ids)


def desk(cloud: Cloud, office: PostOffice | None) -> ResetRequests:
    found = None if office is None else mailer(cloud, f"smtp://{office.url}")
    return ResetRequests(cloud.context, Directory(), found)


async def forget(cloud: Cloud, login: str = ADDRESS) -> None:
    answer = await cloud.http.post("/v1/auth/forgot-password", json={"login": login})
    assert (answer.status_code, answer.json()) == (202, {"by_mail": False})


async def work(cloud: Cloud, office: PostOffice | None) -> int:
    """Deal with everything that is due, and return how much that was."""
    requests, done = desk(cloud, office), 0
    while await requests.deal_with_one():
        done += 1
    return done


def code_in(office: PostOffice) -> str:
    found = re.search(r"\d{4} \d{4} \d{4}", office.taken[-1].get_content())
    assert found is not None
    return found[0]


async def reset(cloud: Cloud, code: str) -> int:
    body = {"login": ADDRESS, "code": code, "new_password": NEW_PASSWORD}
    return (await cloud.http.post("/v1/auth/reset-password", json=body)).status_code


async def types_of(cloud: Cloud, person: Person) -> list[str]:
    activity = await cloud.get("/v1/users/me/activity", person)
    return [item["type"] for item in activity["items"]]


async def test_a_code_comes_by_mail_and_is_good_once(
    cloud: Cloud, owner: Person, office: PostOffice
) -> None:
    await forget(cloud)
    await work(cloud, office)
    (mail,) = office.taken
    assert (mail["to"], mail["from"]) == (ADDRESS, "Tokkatot <mail@tokkatot.example>")
    assert mail["auto-submitted"] == "auto-generated"
    code = code_in(office)
    assert await reset(cloud, code) == 204
    assert await reset(cloud, code) == 422
    again = await cloud.log_in(ADDRESS, NEW_PASSWORD)
    assert "password.code_mailed" in await types_of(cloud, again)


async def test_who_asks_is_told_whether_codes_come_by_mail_here(cloud: Cloud) -> None:
    settings = CloudSettings(smtp_url="smtp://mail.test", mail_from="tokkatot@example.com")
    cloud.app.state.context = replace(cloud.context, settings=settings)
    answers = [
        await cloud.http.post("/v1/auth/forgot-password", json={"login": login})
        for login in (ADDRESS, "nobody@example.com", "no login at all")
    ]
    assert [answer.json() for answer in answers] == [{"by_mail": True}] * 3


async def test_the_mail_is_in_the_language_of_the_person(
    cloud: Cloud, owner: Person, office: PostOffice
) -> None:
    await forget(cloud)
    await work(cloud, office)
    await cloud.http.patch("/v1/users/me", json={"language": "en"}, headers=owner.headers)
    cloud.clock.advance(ASK_AGAIN_AFTER.total_seconds())
    await forget(cloud, owner.login)
    await work(cloud, office)
    khmer, english = office.taken
    assert "លេខកូដ" in khmer["subject"]
    assert "លេខកូដរបស់អ្នក" in khmer.get_content()
    assert english["subject"] == "Your code for a new Tokkatot password"
    assert "Your code:" in english.get_content()


async def test_a_mailed_code_lasts_an_hour(cloud: Cloud, owner: Person, office: PostOffice) -> None:
    await forget(cloud)
    await work(cloud, office)
    cloud.clock.advance(3600)
    assert await reset(cloud, code_in(office)) == 410


async def test_nobody_is_mailed_for_a_login_that_is_nobody_s(
    cloud: Cloud, owner: Person, office: PostOffice
) -> None:
    for login in ("nobody@example.com", "012399999", "no login at all"):
        await forget(cloud, login)
    await work(cloud, office)
    assert office.taken == []


async def test_what_is_written_for_a_stranger_is_what_is_written_for_a_member(
    cloud: Cloud, owner: Person
) -> None:
    async def written() -> list[int]:
        async with cloud.context.database.transaction() as tx:
            connection = await tx.psycopg()
            found = await connection.execute(
                "SELECT (SELECT count(*) FROM reset_requests), (SELECT count(*) FROM reset_codes),"
                " (SELECT count(*) FROM events)"
            )
            row = await found.fetchone()
            assert row is not None
            return list(row)

    before = await written()
    await forget(cloud)
    member = await written()
    await forget(cloud, "nobody@example.com")
    stranger = await written()
    assert [now - then for now, then in zip(member, before, strict=True)] == [1, 0, 0]
    assert [now - then for now, then in zip(stranger, member, strict=True)] == [1, 0, 0]


async def test_who_asks_again_and_again_is_mailed_once_in_ten_minutes(
    cloud: Cloud, owner: Person, office: PostOffice
) -> None:
    for login in (ADDRESS, ADDRESS, owner.login):
        await forget(cloud, login)
        await work(cloud, office)
    assert len(office.taken) == 1
    cloud.clock.advance(ASK_AGAIN_AFTER.total_seconds())
    await forget(cloud)
    await work(cloud, office)
    assert len(office.taken) == 2


async def test_a_person_without_an_address_is_still_seen_by_their_farm(
    cloud: Cloud, office: PostOffice
) -> None:
    person, farm = await cloud.sign_up()
    await forget(cloud, person.login)
    await work(cloud, office)
    events = await cloud.get(f"/v1/farms/{farm}/events?type=password.", person)
    assert [event["type"] for event in events["items"]] == ["password.reset_asked"]
    assert office.taken == []


async def test_without_a_mail_server_the_farm_is_told_and_nothing_waits(
    cloud: Cloud, owner: Person
) -> None:
    await forget(cloud)
    assert await work(cloud, None) == 1
    cloud.clock.advance(86_400)
    assert await work(cloud, None) == 0


async def test_a_server_that_is_busy_is_asked_again_later(
    cloud: Cloud, owner: Person, office: PostOffice
) -> None:
    office.answers = ["451 later", "451 later"]
    await forget(cloud)
    assert await work(cloud, office) == 1
    assert await work(cloud, office) == 0
    for wait_s in (60, 120):
        cloud.clock.advance(wait_s)
        assert await work(cloud, office) == 1
    assert len(office.taken) == 1
    assert await reset(cloud, code_in(office)) == 204


async def test_a_server_that_is_away_is_given_up_after_some_tries(
    cloud: Cloud, owner: Person
) -> None:
    async with post_office() as office:
        gone = office
    await forget(cloud)
    tries = 0
    for _ in range(60):
        tries += await work(cloud, gone)
        cloud.clock.advance(60)
    assert tries == MAX_TRIES
    assert "password.code_not_mailed" in await types_of(cloud, owner)


async def test_an_address_that_does_not_exist_is_not_tried_again(
    cloud: Cloud, owner: Person, office: PostOffice
) -> None:
    office.answers = ["550 no such mailbox"]
    await forget(cloud)
    await work(cloud, office)
    cloud.clock.advance(3600)
    assert await work(cloud, office) == 0
    assert "password.code_not_mailed" in await types_of(cloud, owner)


async def test_two_processes_mail_one_code(cloud: Cloud, owner: Person, office: PostOffice) -> None:
    await forget(cloud)
    first, second = desk(cloud, office), desk(cloud, office)
    assert await first.deal_with_one()
    assert not await second.deal_with_one()
    assert len(office.taken) == 1


async def test_a_request_whose_process_died_is_taken_up_by_another(
    cloud: Cloud, owner: Person, office: PostOffice
) -> None:
    await forget(cloud)
    async with cloud.context.database.transaction() as tx:
        connection = await tx.psycopg()
        await connection.execute(
            "UPDATE reset_requests SET tries = 1, due_at = %s", (tx.now + timedelta(minutes=1),)
        )
    assert await work(cloud, office) == 0
    cloud.clock.advance(60)
    await work(cloud, office)
    assert len(office.taken) == 1


async def test_no_more_requests_wait_than_there_is_room_for(cloud: Cloud) -> None:
    async with cloud.context.database.transaction() as tx:
        connection = await tx.psycopg()
        await connection.execute(
            "INSERT INTO reset_requests (login, asked_at, due_at, tries)"
            " SELECT n::text, %s, %s, 0 FROM generate_series(1, %s) n",
            (tx.now, tx.now, MAX_WAITING),
        )
    await forget(cloud)
    async with cloud.context.database.transaction() as tx:
        connection = await tx.psycopg()
        found = await connection.execute("SELECT count(*) FROM reset_requests")
        assert await found.fetchone() == (MAX_WAITING,)


async def test_an_unused_code_leaves_the_password_as_it_is(
    cloud: Cloud, owner: Person, office: PostOffice
) -> None:
    await forget(cloud)
    await work(cloud, office)
    assert (await cloud.log_in(ADDRESS, PASSWORD)).user_id == owner.user_id


async def test_a_login_is_sent_over_tls_to_a_server_whose_name_is_certified(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = certified(tmp_path / "server.pem")
    async with post_office(tls) as office:
        url = f"smtp://{LOGIN}:{POST_PASSWORD.replace('@', '%40').replace('/', '%2F')}@{office.url}"
        mail = Mail(to=ADDRESS, subject="សួស្ដី", text="Hello\n")
        with pytest.raises(MailDelayed, match="certificate"):
            await mailer(cloud, url).send(mail)
        assert office.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
        await mailer(cloud, url).send(mail)
    assert (office.logins, office.encrypted) == ([LOGIN], [True])
    assert office.taken[0]["subject"] == "សួស្ដី"


async def test_a_password_is_not_sent_to_a_server_without_tls(
    cloud: Cloud, office: PostOffice
) -> None:
    with pytest.raises(MailDelayed, match="STARTTLS"):
        await mailer(cloud, f"smtp://me:word@{office.url}").send(
            Mail(to=ADDRESS, subject="Hello", text="Hello\n")
        )
    assert office.logins == []
