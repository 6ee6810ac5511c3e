"""Hubs that hold what is another hub's to decide are told anew."""

from uuid import UUID

import psycopg

from tokkatot.cloud.platform.database import libpq_url
from tokkatot.cloud.platform.migrate import upgrade

FARM, OTHER, HOUSE = (UUID(int=n) for n in (1, 2, 3))
HUBS = {
    UUID(int=11): (FARM, None),
    UUID(int=12): (FARM, HOUSE),
    UUID(int=13): (OTHER, None),
}


async def test_a_hub_of_the_whole_farm_beside_a_house_s_own_is_sent_a_new_document(
    empty_postgres_url: str,
) -> None:
    upgrade(empty_postgres_url, "0029")
    with psycopg.connect(libpq_url(empty_postgres_url)) as connection:
        connection.execute("SET session_replication_role = replica")
        for hub, (farm, house) in HUBS.items():
            connection.execute(
                "INSERT INTO hubs (id, farm_id, house_id, name, password_hash, desired_version,"
                " desired_at, created_at) VALUES (%s, %s, %s, '', '', 7, now(), now())",
                (hub, farm, house),
            )
    upgrade(empty_postgres_url)
    with psycopg.connect(libpq_url(empty_postgres_url)) as connection:
        rows = connection.execute("SELECT id, desired_version FROM hubs").fetchall()
    assert dict(rows) == {UUID(int=11): 8, UUID(int=12): 7, UUID(int=13): 7}
