"""The plain table that charts are compared with."""

import psycopg

from benches.support.charts import Plain
from benches.support.sensors import DAY_MS, SENSORS


def test_a_fill_that_is_begun_again_leaves_no_day_twice(empty_postgres_url: str) -> None:
    plain = Plain(empty_postgres_url)
    # The first was interrupted after a day.
    plain.fill(range(1), step_ms=DAY_MS // 24)
    plain.fill(range(2), step_ms=DAY_MS // 24)
    with psycopg.connect(empty_postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM plain").fetchone()
    assert row == (2 * 24 * SENSORS,)
