"""People come in, stay in and go out."""

from datetime import timedelta

import pytest
from httpx import Response

from tests.support.cloud import PASSWORD, Cloud
from tokkatot.cloud.accounts.model import LOGIN_FAILURES, REFRESH_AGAIN, RESET_CODE_ATTEMPTS

NEW_PASSWORD = "battery staple"


def signup(key: str, **fields: object) -> dict[str, object]:
    return {
        "registration_key": key,
        "name": "Sokha",
        "phone": "012345678",
        "password": PASSWORD,
    } | fields


async def test_a_registration_key_makes_a_person_and_their_farm(cloud: Cloud) -> None:
    key = await cloud.registration_key("Kampong Cham", phone="012345678")
    body = signup(key.lower().replace("-", " "), name="សុខា", phone="012 345 678")
    answer = await cloud.http.post("/v1/auth/signup", json=body)
    assert answer.status_code == 201
    said = answer.json()
    assert said["user"]["phone"] == "+85512345678"
    assert said["user"]["contact_verified"] is True
    assert said["token_type"] == "bearer"
    assert said["expires_in"] == 86_400
    assert [(farm["name"], farm["role"]) for farm in said["farms"]] == [("Kampong Cham", "owner")]


async def test_a_registration_key_is_good_once(cloud: Cloud) -> None:
    key = await cloud.registration_key()
    first = await cloud.http.post("/v1/auth/signup", json=signup(key))
    second = await cloud.http.post("/v1/auth/signup", json=signup(key, phone="012345679"))
    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "key_used")


async def test_a_registration_key_expires_after_ninety_days(cloud: Cloud) -> None:
    key = await cloud.registration_key()
    cloud.clock.advance(timedelta(days=90).total_seconds())
    answer = await cloud.http.post("/v1/auth/signup", json=signup(key))
    assert (answer.status_code, answer.json()["code"]) == (410, "key_expired")


async def test_an_unknown_key_makes_nobody(cloud: Cloud) -> None:
    body = signup("AAAAA-BBBBB-CCCCC-DDDDD-EEEEE")
    answer = await cloud.http.post("/v1/auth/signup", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_unknown")
    login = {"login": "012345678", "password": PASSWORD}
    assert (await cloud.http.post("/v1/auth/login", json=login)).status_code == 401


@pytest.mark.parametrize("phone", ["011222333", None])
async def test_a_key_that_does_not_name_the_phone_proves_nothing(
    cloud: Cloud, phone: str | None
) -> None:
    key = await cloud.registration_key(phone=phone)
    answer = await cloud.http.post("/v1/auth/signup", json=signup(key))
    assert answer.json()["user"]["contact_verified"] is False


async def test_a_later_key_verifies_the_contact(cloud: Cloud) -> None:
    key = await cloud.registration_key(phone="011222333")
    said = (await cloud.http.post("/v1/auth/signup", json=signup(key))).json()
    headers = {"Authorization": f"Bearer {said['access_token']}"}
    for other in ("011222333", None):
        body = {"registration_key": await cloud.registration_key(phone=other)}
        refused = await cloud.http.post("/v1/auth/verify-contact", json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    fitting = await cloud.registration_key(phone="+855 12 345 678")
    answer = await cloud.http.post(
        "/v1/auth/verify-contact", json={"registration_key": fitting}, headers=headers
    )
    assert answer.status_code == 204
    me = await cloud.http.get("/v1/users/me", headers=headers)
    assert me.json()["contact_verified"] is True


async def test_two_people_do_not_share_a_phone_number(cloud: Cloud) -> None:
    first = signup(await cloud.registration_key())
    second = signup(await cloud.registration_key(), phone="+855 12-345-678")
    assert (await cloud.http.post("/v1/auth/signup", json=first)).status_code == 201
    answer = await cloud.http.post("/v1/auth/signup", json=second)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")
    assert answer.json()["errors"][0]["field"] == "body.phone"


async def test_a_person_without_a_contact_is_refused(cloud: Cloud) -> None:
    body = signup(await cloud.registration_key(), phone=None)
    answer = await cloud.http.post("/v1/auth/signup", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.phone")


async def test_a_person_signs_up_and_logs_in_by_email(cloud: Cloud) -> None:
    key = await cloud.registration_key()
    body = signup(key, phone=None, email="Sokha@Example.COM")
    assert (await cloud.http.post("/v1/auth/signup", json=body)).status_code == 201
    await cloud.log_in("sokha@example.com")


@pytest.mark.parametrize("login", ["012399999", "nobody@example.com", "no login at all"])
async def test_an_unknown_login_is_answered_like_a_wrong_password(cloud: Cloud, login: str) -> None:
    owner, _ = await cloud.sign_up()
    wrong = {"login": owner.login, "password": "wrong password"}
    unknown = {"login": login, "password": "wrong password"}
    answers = [await cloud.http.post("/v1/auth/login", json=body) for body in (wrong, unknown)]
    assert [answer.status_code for answer in answers] == [401, 401]
    told = [answer.json() | {"request_id": None} for answer in answers]
    assert told[0] == told[1]


async def test_too_many_wrong_passwords_close_a_login_for_a_while(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    wrong = {"login": owner.login, "password": "wrong password"}
    for _ in range(LOGIN_FAILURES):
        await cloud.http.post("/v1/auth/login", json=wrong)
    right = {"login": owner.login, "password": PASSWORD}
    closed = await cloud.http.post("/v1/auth/login", json=right)
    assert (closed.status_code, closed.headers["retry-after"]) == (429, "900")
    cloud.clock.advance(900)
    await cloud.log_in(owner.login)


async def test_a_token_is_good_only_while_its_session_is(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    await cloud.post("/v1/auth/logout", {}, owner, status=204)
    problem = await cloud.get("/v1/users/me", owner, status=401)
    assert problem["code"] == "session_ended"


async def test_a_token_ends_after_a_day(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    cloud.clock.advance(86_400)
    problem = await cloud.get("/v1/users/me", owner, status=401)
    assert problem["code"] == "session_ended"


async def test_refreshing_gives_a_new_pair(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    cloud.clock.advance(29 * 86_400)
    answer = await cloud.http.post("/v1/auth/refresh", json={"refresh_token": owner.refresh_token})
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != owner.refresh_token
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await cloud.http.get("/v1/users/me", headers=headers)).status_code == 200


async def test_a_refresh_token_that_comes_twice_ends_the_whole_session(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    stolen = {"refresh_token": owner.refresh_token}
    first = (await cloud.http.post("/v1/auth/refresh", json=stolen)).json()
    assert (await cloud.http.post("/v1/auth/refresh", json=stolen)).status_code == 401
    newest = {"refresh_token": first["refresh_token"]}
    assert (await cloud.http.post("/v1/auth/refresh", json=newest)).status_code == 401
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    assert (await cloud.http.get("/v1/users/me", headers=headers)).status_code == 401


async def refreshed(cloud: Cloud, token: str, key: str | None = None) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"refresh_token": token}
    return await cloud.http.post("/v1/auth/refresh", json=body, headers=headers)


async def test_who_has_not_heard_the_new_pair_gets_another_under_the_same_key(
    cloud: Cloud,
) -> None:
    owner, _ = await cloud.sign_up()
    await refreshed(cloud, owner.refresh_token, "k1")
    cloud.clock.advance(REFRESH_AGAIN.total_seconds())
    await refreshed(cloud, owner.refresh_token, "k1")
    again = await refreshed(cloud, owner.refresh_token, "k1")
    assert again.status_code == 200
    headers = {"Authorization": f"Bearer {again.json()['access_token']}"}
    assert (await cloud.http.get("/v1/users/me", headers=headers)).status_code == 200
    following = await refreshed(cloud, again.json()["refresh_token"], "k2")
    assert following.status_code == 200


@pytest.mark.parametrize("key", ["k2", None])
async def test_another_key_or_none_ends_the_session(cloud: Cloud, key: str | None) -> None:
    owner, _ = await cloud.sign_up()
    first = (await refreshed(cloud, owner.refresh_token, "k1")).json()
    assert (await refreshed(cloud, owner.refresh_token, key)).status_code == 401
    assert (await refreshed(cloud, first["refresh_token"])).json()["code"] == "session_ended"


async def test_a_key_that_comes_later_proves_nothing(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    first = (await refreshed(cloud, owner.refresh_token)).json()
    assert (await refreshed(cloud, owner.refresh_token, "k1")).status_code == 401
    assert (await refreshed(cloud, first["refresh_token"])).json()["code"] == "session_ended"


async def test_the_same_key_ends_the_session_once_the_answer_was_heard(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    first = (await refreshed(cloud, owner.refresh_token, "k1")).json()
    second = (await refreshed(cloud, first["refresh_token"], "k2")).json()
    assert (await refreshed(cloud, owner.refresh_token, "k1")).status_code == 401
    assert (await refreshed(cloud, second["refresh_token"])).json()["code"] == "session_ended"


async def test_the_same_key_ends_the_session_after_ten_minutes(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    first = (await refreshed(cloud, owner.refresh_token, "k1")).json()
    cloud.clock.advance(REFRESH_AGAIN.total_seconds() / 2)
    # What comes again does not begin the time anew.
    first = (await refreshed(cloud, owner.refresh_token, "k1")).json()
    cloud.clock.advance(REFRESH_AGAIN.total_seconds() / 2 + 1)
    assert (await refreshed(cloud, owner.refresh_token, "k1")).status_code == 401
    assert (await refreshed(cloud, first["refresh_token"])).json()["code"] == "session_ended"


async def test_what_was_given_before_is_void(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    lost = (await refreshed(cloud, owner.refresh_token, "k1")).json()
    heard = (await refreshed(cloud, owner.refresh_token, "k1")).json()
    assert (await refreshed(cloud, lost["refresh_token"])).status_code == 401
    assert (await refreshed(cloud, heard["refresh_token"])).json()["code"] == "session_ended"


async def test_a_refresh_token_ends_after_thirty_days(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    cloud.clock.advance(30 * 86_400)
    answer = await cloud.http.post("/v1/auth/refresh", json={"refresh_token": owner.refresh_token})
    assert answer.json()["code"] == "session_ended"


async def test_a_code_sets_a_new_password_and_ends_every_session(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    staff = await cloud.staff()
    made = await cloud.post("/v1/staff/reset-codes", {"login": owner.login}, staff)
    body = {"login": owner.login, "code": made["code"], "new_password": NEW_PASSWORD}
    assert (await cloud.http.post("/v1/auth/reset-password", json=body)).status_code == 204
    await cloud.log_in(owner.login, NEW_PASSWORD)
    await cloud.get("/v1/users/me", owner, status=401)
    again = await cloud.http.post("/v1/auth/reset-password", json=body)
    assert again.json()["code"] == "code_wrong"


async def test_a_code_is_void_after_five_wrong_tries(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    made = await cloud.post("/v1/staff/reset-codes", {"login": owner.login}, await cloud.staff())
    wrong = str((int(made["code"]) + 1) % 10**8).zfill(8)
    body = {"login": owner.login, "code": wrong, "new_password": NEW_PASSWORD}
    for _ in range(RESET_CODE_ATTEMPTS):
        answer = await cloud.http.post("/v1/auth/reset-password", json=body)
        assert answer.json()["code"] == "code_wrong"
    right = body | {"code": made["code"]}
    answer = await cloud.http.post("/v1/auth/reset-password", json=right)
    assert answer.json()["code"] == "code_wrong"
    await cloud.log_in(owner.login)


async def test_a_code_expires_after_a_day(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    made = await cloud.post("/v1/staff/reset-codes", {"login": owner.login}, await cloud.staff())
    cloud.clock.advance(86_400)
    body = {"login": owner.login, "code": made["code"], "new_password": NEW_PASSWORD}
    answer = await cloud.http.post("/v1/auth/reset-password", json=body)
    assert (answer.status_code, answer.json()["code"]) == (410, "code_expired")


async def test_a_code_of_nobody_is_answered_like_a_wrong_one(cloud: Cloud) -> None:
    body = {"login": "012399999", "code": "00000000", "new_password": NEW_PASSWORD}
    answer = await cloud.http.post("/v1/auth/reset-password", json=body)
    assert answer.json()["code"] == "code_wrong"


async def test_changing_the_password_keeps_this_session_alone(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    other = await cloud.log_in(owner.login)
    body = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    await cloud.post("/v1/auth/change-password", body, owner, status=204)
    assert (await cloud.get("/v1/users/me", owner))["id"] == str(owner.user_id)
    ended = await cloud.get("/v1/users/me", other, status=401)
    assert ended["code"] == "session_ended"
    assert (await cloud.log_in(owner.login, NEW_PASSWORD)).user_id == owner.user_id


async def test_the_old_password_is_asked_for(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    body = {"old_password": "not it", "new_password": NEW_PASSWORD}
    problem = await cloud.post("/v1/auth/change-password", body, owner, status=422)
    assert problem["errors"][0]["field"] == "body.old_password"


async def test_a_person_ends_a_session_of_a_lost_phone(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    lost = await cloud.log_in(owner.login)
    sessions = (await cloud.get("/v1/users/me/sessions", owner))["items"]
    other = next(session for session in sessions if not session["current"])
    answer = await cloud.http.delete(f"/v1/users/me/sessions/{other['id']}", headers=owner.headers)
    assert answer.status_code == 204
    await cloud.get("/v1/users/me", lost, status=401)


async def test_nobody_ends_the_session_of_another(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up("One")
    thief, _ = await cloud.sign_up("Two")
    session = (await cloud.get("/v1/users/me/sessions", owner))["items"][0]["id"]
    answer = await cloud.http.delete(f"/v1/users/me/sessions/{session}", headers=thief.headers)
    assert answer.status_code == 404
    await cloud.get("/v1/users/me", owner)


async def test_a_new_phone_number_is_unverified(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    new = {"phone": "011999888", "language": "en", "password": PASSWORD}
    answer = await cloud.http.patch("/v1/users/me", json=new, headers=owner.headers)
    said = answer.json()
    assert (said["phone"], said["language"]) == ("+85511999888", "en")
    assert said["contact_verified"] is False


async def test_who_finds_an_open_session_can_t_take_the_account_by_another_contact(
    cloud: Cloud,
) -> None:
    owner, _ = await cloud.sign_up()
    for wrong in ({}, {"password": "guess"}):
        new = {"email": "thief@example.org"} | wrong
        answer = await cloud.http.patch("/v1/users/me", json=new, headers=owner.headers)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.password"
    me = await cloud.get("/v1/users/me", owner)
    assert me["email"] is None
    # Their own name and language stay free to change.
    answer = await cloud.http.patch("/v1/users/me", json={"name": "Dara"}, headers=owner.headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/v1/auth/change-password", "/v1/users/me"])
async def test_guesses_at_a_password_behind_a_session_are_few(cloud: Cloud, path: str) -> None:
    owner, _ = await cloud.sign_up()
    method = "PATCH" if path.endswith("me") else "POST"
    answers = []
    for guess in range(LOGIN_FAILURES + 1):
        body = {"password": f"guess {guess}", "email": "thief@example.org"}
        if method == "POST":
            body = {"old_password": f"guess {guess}", "new_password": "a new password"}
        answer = await cloud.http.request(method, path, json=body, headers=owner.headers)
        answers.append(answer.status_code)
    assert answers == [*[422] * LOGIN_FAILURES, 429]
    await cloud.log_in(owner.login)


async def test_a_person_keeps_at_least_one_contact(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    none = {"phone": None, "password": PASSWORD}
    answer = await cloud.http.patch("/v1/users/me", json=none, headers=owner.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] != "body.password"


async def test_activity_pages_without_a_gap_or_a_repeat(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    for _ in range(5):
        await cloud.log_in(owner.login)
    path, seen = "/v1/users/me/activity?limit=2", list[str]()
    page = await cloud.get(path, owner)
    while page["next_cursor"]:
        seen += [item["id"] for item in page["items"]]
        page = await cloud.get(f"{path}&cursor={page['next_cursor']}", owner)
    seen += [item["id"] for item in page["items"]]
    everything = await cloud.get("/v1/users/me/activity", owner)
    assert seen == [item["id"] for item in everything["items"]]
    assert len(seen) == 8
