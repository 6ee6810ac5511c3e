"""The tables of people."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base, EnumText
from tokkatot.domain.people import Language

REGISTRATION_KEY_LIFETIME = timedelta(days=90)
RESET_CODE_LIFETIME = timedelta(hours=24)
MAILED_CODE_LIFETIME = timedelta(hours=1)
RESET_CODE_ATTEMPTS = 5
REFRESH_AGAIN = timedelta(days=7)
"""For so long may the answer to the use of a refresh token be asked for again."""
LOGIN_WINDOW = timedelta(minutes=15)
LOGIN_FAILURES = 10
"""So many wrong passwords a window at one login; a person mistypes less, a guesser gains little."""


class User(Base):
    """A person; no password means that a reset code is still to be used."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    phone: Mapped[str | None] = mapped_column(unique=True)
    email: Mapped[str | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    language: Mapped[Language] = mapped_column(EnumText(Language))
    time_zone: Mapped[str]
    avatar: Mapped[str | None]
    contact_verified: Mapped[bool]
    is_staff: Mapped[bool]
    home_farm_id: Mapped[UUID | None]
    """The farm whose owner made this account; only that owner may give it reset codes."""
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Session(Base):
    """One login of a person on one of their devices; its refresh tokens are one family."""

    __tablename__ = "user_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    device_name: Mapped[str | None]
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class RefreshToken(Base):
    """A refresh token by its hash; a used one that comes again ends the session.

    Unless it comes from who has not heard the answer to its use (`sessions.refresh`).
    """

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_sessions.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_key_hash: Mapped[str | None]
    """Of the key that came with its use, if one did: it alone may come again, for a while."""
    successor_hash: Mapped[str | None]
    """The token that was given for it."""


class RegistrationKey(Base):
    """A one-use key that staff hand over at the farm; its words are kept as a hash alone."""

    __tablename__ = "registration_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    """The first five letters, to tell keys apart."""
    farm_name: Mapped[str]
    province: Mapped[str | None]
    phone: Mapped[str | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ResetCode(Base):
    """The one code with which a person may set a new password."""

    __tablename__ = "reset_codes"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    code_hash: Mapped[str]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    attempts: Mapped[int]


class ResetRequest(Base):
    """Somebody who can't get in, until it has been looked into; the login may be nobody's."""

    __tablename__ = "reset_requests"

    login: Mapped[str] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    """When it is looked into, or tried again."""
    tries: Mapped[int]
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]


class LoginFailures(Base):
    """Wrong passwords at one login since the window began; the login is kept as a hash."""

    __tablename__ = "login_failures"

    login_hash: Mapped[str] = mapped_column(primary_key=True)
    began_at: Mapped[datetime] = mapped_column(index=True)
    failures: Mapped[int]
