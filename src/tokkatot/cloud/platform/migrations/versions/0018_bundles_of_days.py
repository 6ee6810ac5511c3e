"""Packed days that are old lie sixteen together, and what is packed may follow a trend."""

import struct
import zlib
from itertools import accumulate, pairwise

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_SOMEWHERE = "(body IS NULL) = (place IS NOT NULL AND size IS NOT NULL)"
# Of a packed block as this revision wrote it, whatever later ones write.
_HEAD = struct.Struct("<BIqq")
_PART = struct.Struct("<BBBI")
_PACKED, _PLAIN, _TREND, _KNOT_EVERY = 2, 0, 3, 64


def upgrade() -> None:
    """Make room for bundles; which days go there is found by the running cloud."""
    op.create_table(
        "bundled_readings",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["series.id"],
            name=op.f("fk_bundled_readings_series_id_series"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("series_id", "begins", name=op.f("pk_bundled_readings")),
    )
    # It is deflated already, and a day is read by its place.
    op.execute("ALTER TABLE bundled_readings ALTER COLUMN body SET STORAGE EXTERNAL")
    op.add_column("packed_readings", sa.Column("place", sa.Integer(), nullable=True))
    op.add_column("packed_readings", sa.Column("size", sa.Integer(), nullable=True))
    op.alter_column("packed_readings", "body", nullable=True)
    op.create_check_constraint(op.f("ck_packed_readings_somewhere"), "packed_readings", _SOMEWHERE)


def downgrade() -> None:
    """Take the days back into their rows, packed as before."""
    op.drop_constraint(op.f("ck_packed_readings_somewhere"), "packed_readings")
    op.execute(
        "UPDATE packed_readings p SET body = substring(b.body FROM p.place + 1 FOR p.size)"
        " FROM bundled_readings b WHERE p.body IS NULL AND b.series_id = p.series_id"
        " AND b.begins = p.day - mod(p.day - date '1970-01-01', 16)"
    )
    _forget_trends()
    op.alter_column("packed_readings", "body", nullable=False)
    op.drop_column("packed_readings", "size")
    op.drop_column("packed_readings", "place")
    op.drop_table("bundled_readings")


def _forget_trends() -> None:
    bind = op.get_bind()
    days = bind.scalars(sa.text("SELECT DISTINCT day FROM packed_readings")).all()
    for day in days:  # a day at a time is little enough for memory
        blocks = bind.execute(
            sa.text("SELECT series_id, body FROM packed_readings WHERE day = :day"), {"day": day}
        )
        for series_id, body in blocks.all():
            bind.execute(
                sa.text(
                    "UPDATE packed_readings SET body = :body WHERE series_id = :series"
                    " AND day = :day AND body <> :body"
                ),
                {"series": series_id, "day": day, "body": _without_trend(body)},
            )


def _without_trend(body: bytes) -> bytes:
    """Return a block in which no column is told by its distance from a line."""
    if not body or body[0] != _PACKED:
        return body
    count = _HEAD.unpack_from(body)[1]
    parts, at = [body[: _HEAD.size]], _HEAD.size
    for _ in range(3):
        coding, decimals, _, length = _PART.unpack_from(body, at)
        end = at + _PART.size + length
        if coding != _TREND:
            parts.append(body[at:end])
            at = end
            continue
        off = _unfolded(_numbers(body, at, count))
        steps = _numbers(body, end, (count - 1) // _KNOT_EVERY + 2)
        line = _line(list(accumulate(_unfolded(steps))), count)
        parts.append(_plain([base + more for base, more in zip(line, off, strict=True)], decimals))
        at = end + _PART.size + _PART.unpack_from(body, end)[3]
    return b"".join(parts)


def _numbers(body: bytes, at: int, count: int) -> list[int]:
    length = _PART.unpack_from(body, at)[3]
    turned = zlib.decompress(body[at + _PART.size : at + _PART.size + length])
    return [int.from_bytes(turned[k::count], "little") for k in range(count)]


def _line(knots: list[int], count: int) -> list[int]:
    between = [
        first + (second - first) * beyond // _KNOT_EVERY
        for first, second in pairwise(knots)
        for beyond in range(_KNOT_EVERY)
    ]
    return between[:count]


def _plain(integers: list[int], decimals: int) -> bytes:
    folded = [number << 1 if number >= 0 else ~(number << 1) for number in integers]
    width = next(width for width in (1, 2, 4, 8) if max(folded) < 1 << 8 * width)
    wide = [number.to_bytes(width, "little") for number in folded]
    deflated = zlib.compress(b"".join(bytes(one[k] for one in wide) for k in range(width)))
    return _PART.pack(_PLAIN, decimals, width, len(deflated)) + deflated


def _unfolded(folded: list[int]) -> list[int]:
    return [number >> 1 ^ -(number & 1) for number in folded]
