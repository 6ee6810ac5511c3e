"""Readings as blocks: open ones by day, packed days, roll-ups, and how long all that is kept."""

import struct
import zlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import accumulate
from operator import xor

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# As `telemetry/blocks.py` writes an open block: its kind, all times, all values, all qualities.
_BLOCKS_SQL = """
INSERT INTO open_readings (t, series_id, n, body)
SELECT min(t), series_id, count(*),
  CASE WHEN max(quality) = 0 THEN '\\x00'::bytea ELSE '\\x01'::bytea END
  || string_agg(int8send(floor(extract(epoch FROM t) * 1000)::bigint), ''::bytea ORDER BY t)
  || string_agg(float8send(value), ''::bytea ORDER BY t)
  || CASE WHEN max(quality) = 0 THEN ''::bytea
     ELSE string_agg(substring(int2send(quality) FROM 2), ''::bytea ORDER BY t) END
FROM {old} GROUP BY series_id
"""


def upgrade() -> None:
    """Make the tables of blocks and bring the readings over."""
    op.create_table(
        "open_readings",
        sa.Column("t", sa.DateTime(timezone=True), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        postgresql_partition_by="RANGE (t)",
    )
    op.create_index(op.f("ix_open_readings_series_id_t"), "open_readings", ["series_id", "t"])
    op.create_table(
        "packed_readings",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["series.id"],
            name=op.f("fk_packed_readings_series_id_series"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("series_id", "day", name=op.f("pk_packed_readings")),
    )
    # It is deflated already.
    op.execute("ALTER TABLE packed_readings ALTER COLUMN body SET STORAGE EXTERNAL")
    op.create_table(
        "rollups",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("width_s", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mean_ms", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("lowest", sa.Double(), nullable=False),
        sa.Column("highest", sa.Double(), nullable=False),
        sa.Column("last", sa.Double(), nullable=False),
        sa.Column("quality", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["series.id"],
            name=op.f("fk_rollups_series_id_series"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("series_id", "width_s", "bucket", name=op.f("pk_rollups")),
    )
    op.create_table(
        "retention_policies",
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("readings_days", sa.Integer(), nullable=False),
        sa.Column("minutes_days", sa.Integer(), nullable=False),
        sa.Column("five_minutes_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["farm_id"],
            ["farms.id"],
            name=op.f("fk_retention_policies_farm_id_farms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("farm_id", name=op.f("pk_retention_policies")),
    )
    for old, day in list(_partitions("readings")):
        _make_partition("open_readings", day)
        op.execute(_BLOCKS_SQL.format(old=old))
    op.drop_table("readings")


def downgrade() -> None:
    """Bring the readings back as rows; roll-ups can be made again."""
    op.create_table(
        "readings",
        sa.Column("t", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("quality", sa.SmallInteger(), nullable=False),
        postgresql_partition_by="RANGE (t)",
    )
    op.create_index(op.f("ix_readings_series_id_t"), "readings", ["series_id", "t"])
    bind = op.get_bind()
    days = {day for _, day in _partitions("open_readings")}
    days.update(bind.scalars(sa.text("SELECT DISTINCT day FROM packed_readings")))
    insert = sa.text(
        "INSERT INTO readings (t, value, series_id, quality)"
        " SELECT to_timestamp(t / 1000.0), v, :series, q"
        " FROM unnest(:t, :value, :quality) AS u (t, v, q)"
    ).bindparams(
        sa.bindparam("t", type_=sa.ARRAY(sa.BigInteger())),
        sa.bindparam("value", type_=sa.ARRAY(sa.Double())),
        sa.bindparam("quality", type_=sa.ARRAY(sa.SmallInteger())),
    )
    for day in sorted(days):
        _make_partition("readings", day)
        blocks = bind.execute(
            sa.text(
                "SELECT series_id, body FROM packed_readings WHERE day = :day UNION ALL"
                " SELECT series_id, body FROM open_readings"
                " WHERE t >= :day AND t < CAST(:day AS date) + 1"
            ),
            {"day": day},
        )
        for series_id, body in blocks.all():
            t_ms, value, quality = _unpacked(body)
            bind.execute(
                insert, {"series": series_id, "t": t_ms, "value": value, "quality": quality}
            )
    for table in ("retention_policies", "rollups", "packed_readings", "open_readings"):
        op.drop_table(table)


def _unpacked(body: bytes) -> tuple[list[int], list[float], list[int]]:
    """Return the columns of a block as this revision wrote it, whatever later ones write."""
    kind = body[0]
    if kind < 2:
        n = (len(body) - 1) // (16 + kind)
        plain = struct.unpack(f">{n}q{n}d{kind * n}B", body[1:])
        return list(plain[:n]), list(plain[n : 2 * n]), list(plain[2 * n :]) or [0] * n
    _, n, first_ms, usual_ms = struct.unpack_from("<BIqq", body)
    at = struct.calcsize("<BIqq")
    columns: list[tuple[int, int, list[int]]] = []
    for _ in range(3):
        coding, decimals, width, length = struct.unpack_from("<BBBI", body, at)
        turned = zlib.decompress(body[at + 7 : at + 7 + length])
        at += 7 + length
        numbers = [int.from_bytes(turned[k::n], "little") for k in range(n)]
        assert len(turned) == width * n, "a column has its bytes"
        columns.append((coding, decimals, numbers))
    (coding, _, beat), (value_coding, decimals, value), (_, _, quality) = columns
    t_ms = [first_ms + k * usual_ms + off for k, off in enumerate(_integers(coding, beat))]
    if value_coding == 2:
        bits = list(accumulate(value, xor))
        return t_ms, list(struct.unpack(f"<{n}d", struct.pack(f"<{n}Q", *bits))), quality
    return t_ms, [number / 10.0**decimals for number in _integers(value_coding, value)], quality


def _integers(coding: int, folded: list[int]) -> list[int]:
    plain = [number >> 1 ^ -(number & 1) for number in folded]
    return list(accumulate(plain)) if coding == 1 else plain


def _partitions(parent: str) -> Iterator[tuple[str, date]]:
    names = op.get_bind().scalars(
        sa.text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = CAST(:parent AS regclass) ORDER BY c.relname"
        ),
        {"parent": parent},
    )
    for name in names:
        yield name, datetime.strptime(name[-8:], "%Y%m%d").date()  # noqa: DTZ007 - a UTC day


def _make_partition(parent: str, day: date) -> None:
    op.execute(
        f"CREATE TABLE {parent}_{day:%Y%m%d} PARTITION OF {parent}"
        f" FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')"
    )
