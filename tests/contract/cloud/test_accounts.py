"""People come in, stay in and go out."""

from tests.support.cloud import PASSWORD, Cloud


async def test_a_registration_key_makes_a_person_and_their_farm(cloud: Cloud) -> None:
    key = await cloud.registration_key("Kampong Cham")
    answer = await cloud.http.post(
        "/v1/auth/signup",
        json={
            "registration_key": key.lower().replace("-", " "),
            "name": "សុខា",
            "phone": "012 345 678",
            "password": PASSWORD,
        },
    )
    assert answer.status_code == 201
    body = answer.json()
    assert body["user"]["phone"] == "+85512345678"
    assert body["user"]["contact_verified"] is True
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 86_400
    assert [(farm["name"], farm["role"]) for farm in body["farms"]] == [("Kampong Cham", "owner")]
