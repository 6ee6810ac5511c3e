"""The tables of people's channels, and of what is on its way over them."""

from datetime import datetime
from enum import StrEnum, unique
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base, EnumText, JsonObject
from tokkatot.domain.alerts import Severity


@unique
class ChannelKind(StrEnum):
    """By what a channel reaches a person."""

    WEB_PUSH = "web_push"
    EMAIL = "email"
    TELEGRAM = "telegram"
    SMS = "sms"


@unique
class Failure(StrEnum):
    """Why something did not reach a person."""

    NOT_OFFERED = "not_offered"
    """The settings name no service of this kind any more."""
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    GONE = "gone"
    """The service knows the address no longer; the channel is off."""
    LATE = "late"
    """It lay for so long that it is no news."""


class Channel(Base):
    """One way to reach a person beside the message centre."""

    __tablename__ = "channels"
    __table_args__ = (
        Index(None, "user_id"),
        Index(None, "session_id"),
        Index(
            "uq_channels_user_id_kind_address",
            "user_id",
            "kind",
            "address",
            unique=True,
            postgresql_where=text("kind <> 'web_push'"),
        ),
        # A browser has one subscription, whoever is logged in there.
        Index(
            "uq_channels_web_push",
            "address",
            unique=True,
            postgresql_where=text("kind = 'web_push'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[ChannelKind] = mapped_column(EnumText(ChannelKind))
    name: Mapped[str | None]
    """What the person calls it, such as their phone."""
    address: Mapped[str]
    secrets: Mapped[JsonObject]
    """The keys of a browser, or the token of a bot of the person's own; never shown."""
    session_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_sessions.id", ondelete="CASCADE")
    )
    """The login of a browser: it is told nothing once that has ended."""
    warned_at: Mapped[datetime | None]
    """When it was last asked to open the app, since that login is about to end."""
    least: Mapped[Severity] = mapped_column(EnumText(Severity))
    is_on: Mapped[bool]
    verified_at: Mapped[datetime | None]
    """When it was proved that what is sent there reaches the person."""
    code: Mapped[str | None]
    """What proves it; worth nothing to anybody else."""
    code_until: Mapped[datetime | None]
    code_tries: Mapped[int]
    created_at: Mapped[datetime]
    tested_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    """When something was handed over last."""
    failed_at: Mapped[datetime | None]
    """When something was given up last."""
    failure: Mapped[Failure | None] = mapped_column(EnumText(Failure))


class Delivery(Base):
    """One text on its way over a channel, or given up."""

    __tablename__ = "channel_deliveries"
    __table_args__ = (
        Index(None, "channel_id"),
        Index(
            "ix_channel_deliveries_due",
            "kind",
            "due_at",
            postgresql_where=text("failed_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    kind: Mapped[ChannelKind] = mapped_column(EnumText(ChannelKind))
    urgent: Mapped[bool]
    title: Mapped[str]
    body: Mapped[str]
    path: Mapped[str]
    """The page of the app that it leads to."""
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """When it is tried, or tried again."""
    tries: Mapped[int]
    failed_at: Mapped[datetime | None]
    failure: Mapped[Failure | None] = mapped_column(EnumText(Failure))
