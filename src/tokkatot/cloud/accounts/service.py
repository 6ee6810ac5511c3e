"""Decides about people: signing up, passwords, contacts, and what they may change of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from tokkatot.cloud.accounts import store
from tokkatot.cloud.accounts.codes import (
    READ_OUT_DIGITS,
    hash_registration_key,
    hint_of,
    new_registration_key,
    new_reset_code,
    normal_reset_code,
)
from tokkatot.cloud.accounts.contacts import (
    ContactRefused,
    normal_email,
    normal_login,
    normal_phone,
)
from tokkatot.cloud.accounts.model import (
    LOGIN_FAILURES,
    LOGIN_WINDOW,
    REGISTRATION_KEY_LIFETIME,
    RESET_CODE_ATTEMPTS,
    RESET_CODE_LIFETIME,
    RegistrationKey,
    ResetCode,
    User,
)
from tokkatot.cloud.accounts.ports import FarmDirectory
from tokkatot.cloud.accounts.sessions import LoggedIn, open_session
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.passwords import Passwords
from tokkatot.cloud.platform.problems import (
    Conflict,
    Invalid,
    NotFound,
    Problem,
    RateLimited,
    invalid_field,
    taken,
)
from tokkatot.cloud.platform.tokens import hash_secret
from tokkatot.domain.ids import FarmId, SessionId, UserId
from tokkatot.domain.people import Language

DEFAULT_TIME_ZONE = "Asia/Phnom_Penh"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A person as they describe themselves; at least one contact is given."""

    name: str
    phone: str | None
    email: str | None
    language: Language = Language.KHMER


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A registration key with its words, which are shown this once."""

    words: str
    row: RegistrationKey


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshCode:
    """A reset code that nobody has yet."""

    code: str
    code_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """A reset code, which is shown this once."""

    code: str
    row: ResetCode


async def create_user(
    tx: Transaction,
    person: NewPerson,
    *,
    password_hash: str | None,
    contact_verified: bool,
    is_staff: bool = False,
    home_farm_id: FarmId | None = None,
) -> User:
    """Add a person.

    Raises:
        Invalid: when a contact is missing or is none.
        Conflict: when somebody has that phone number or address.
    """
    phone, email = _contacts(person)
    for field, contact in (("phone", phone), ("email", email)):
        if contact:
            await _contact_is_free(tx, field, contact)
    user = User(
        id=tx.new_id(),
        name=person.name,
        phone=phone,
        email=email,
        password_hash=password_hash,
        language=person.language,
        time_zone=DEFAULT_TIME_ZONE,
        avatar=None,
        contact_verified=contact_verified,
        is_staff=is_staff,
        home_farm_id=home_farm_id,
        created_at=tx.now,
        deleted_at=None,
    )
    tx.session.add(user)
    await tx.session.flush()
    return user


async def sign_up(
    context: Context,
    farms: FarmDirectory,
    person: NewPerson,
    *,
    key_words: str,
    password: str,
    origin: Origin,
) -> LoggedIn:
    """Make a person and the farm that their registration key names, and log them in.

    Raises:
        Problem: when the key is unknown, used or expired.
        Conflict: when somebody has that contact.
    """
    # Hashed first: it is slow, and the key's row is locked once it is looked at.
    password_hash = await context.passwords.hash(password)
    async with context.database.transaction() as tx:
        key = await _usable_key(tx, key_words)
        phone, _ = _contacts(person)
        user = await create_user(
            tx,
            person,
            password_hash=password_hash,
            contact_verified=key.phone is not None and key.phone == phone,
        )
        user_id = UserId(user.id)
        key.used_by, key.used_at = user.id, tx.now
        farm_id = await farms.found(tx, name=key.farm_name, province=key.province, owner_id=user_id)
        user.home_farm_id = farm_id
        audit.record(tx, "user.signed_up", farm_id=farm_id, user_id=user.id, origin=origin)
        return await open_session(tx, context.tokens, farms, user, None, origin)


async def verify_contact(
    tx: Transaction, user_id: UserId, *, key_words: str, origin: Origin
) -> None:
    """Mark a person's contact as verified by a key that staff gave them.

    Raises:
        Problem: when the key is unknown, used, expired, or not made for their phone number.
    """
    user = await _user(tx, user_id)
    key = await _usable_key(tx, key_words)
    if key.phone is None or key.phone != user.phone:
        raise Conflict("conflict", "This key was not made for your phone number.")
    key.used_by, key.used_at = user.id, tx.now
    user.contact_verified = True
    audit.record(tx, "user.contact_verified", user_id=user.id, origin=origin)


async def issue_reset_code(
    tx: Transaction, passwords: Passwords, user: User, *, by: UserId | None
) -> IssuedCode:
    """Make the one code with which a person may set a new password; a former one is void."""
    return await keep_fresh_code(tx, user, await fresh_code(passwords), by=by)


async def fresh_code(passwords: Passwords) -> FreshCode:
    """Make a code to be read out; slow, so to be done before anything is locked."""
    code = new_reset_code(READ_OUT_DIGITS)
    return FreshCode(code=code, code_hash=await passwords.hash(code))


async def keep_fresh_code(
    tx: Transaction, user: User, fresh: FreshCode, *, by: UserId | None
) -> IssuedCode:
    """Keep a code that was made for a person."""
    row = await keep_reset_code(
        tx, UserId(user.id), fresh.code_hash, by=by, lifetime=RESET_CODE_LIFETIME
    )
    return IssuedCode(code=fresh.code, row=row)


async def keep_reset_code(
    tx: Transaction, user_id: UserId, code_hash: str, *, by: UserId | None, lifetime: timedelta
) -> ResetCode:
    """Keep a person's code in place of a former one, which is void from now on."""
    row = ResetCode(
        user_id=user_id,
        code_hash=code_hash,
        created_by=by,
        created_at=tx.now,
        expires_at=tx.now + lifetime,
        attempts=0,
    )
    await store.keep_code(tx.session, row)
    audit.record(
        tx,
        "password.reset_code_made",
        user_id=user_id,
        data={"by": str(by) if by else None},
    )
    return row


async def reset_password(
    context: Context, *, login: str, code: str, new_password: str, origin: Origin
) -> None:
    """Set a new password by a code, use the code up and end every session.

    The try is counted and committed before the code is looked at, so that tries at the same time
    count too.

    Raises:
        Problem: `code_wrong` (also for an unknown login), or `code_expired`.
    """
    async with context.database.transaction() as tx:
        user = await _user_by_typed_login(tx, login)
        row = await store.count_code_attempt(tx.session, user.id) if user else None
    usable = row is not None and row.attempts <= RESET_CODE_ATTEMPTS
    fits = await context.passwords.verify(
        normal_reset_code(code), row.code_hash if row and usable else None
    )
    if not fits or row is None or user is None:
        raise Problem("code_wrong")
    password_hash = await context.passwords.hash(new_password)
    async with context.database.transaction() as tx:
        if row.expires_at <= tx.now:
            raise Problem("code_expired")
        if not await store.drop_code(tx.session, user.id, row.code_hash):
            raise Problem("code_wrong")
        (await _user(tx, UserId(user.id))).password_hash = password_hash
        await store.end_sessions(tx.session, user.id, now=tx.now)
        audit.record(tx, "password.reset", user_id=user.id, origin=origin)


async def change_password(
    context: Context,
    user_id: UserId,
    session_id: SessionId,
    *,
    old: str,
    new: str,
    origin: Origin,
) -> None:
    """Set a new password and end the person's other sessions.

    Raises:
        Invalid: when the old password is wrong.
        RateLimited: after too many wrong ones.
    """
    if not await _proves(context, user_id, old):
        raise invalid_field("body.old_password", "wrong", "The old password is wrong.")
    password_hash = await context.passwords.hash(new)
    async with context.database.transaction() as tx:
        (await _user(tx, user_id)).password_hash = password_hash
        await store.end_sessions(tx.session, user_id, now=tx.now, but=session_id)
        audit.record(tx, "password.changed", user_id=user_id, origin=origin)


async def change_user(
    context: Context,
    user_id: UserId,
    changes: Mapping[str, Any],
    *,
    password: str | None,
    origin: Origin,
) -> User:
    """Change a person; a new contact is unverified and takes the password.

    By a contact a lost password is set anew: who holds a phone that is logged in must not get hold
    of the account.

    Raises:
        Invalid: when no contact would be left, one is none, or the password is missing or wrong.
        Conflict: when somebody else has that contact.
        RateLimited: after too many wrong passwords.
    """
    async with context.database.transaction() as tx:
        user = await _user(tx, user_id)
        moves = any(
            name in changes and changes[name] != getattr(user, name) for name in ("phone", "email")
        )
    if moves and (password is None or not await _proves(context, user_id, password)):
        code = "missing" if password is None else "wrong"
        raise invalid_field(
            "body.password", code, "A new phone number or e-mail takes your password."
        )
    async with context.database.transaction() as tx:
        user = await _user(tx, user_id)
        await _change(tx, user, changes)
        audit.record(
            tx, "user.changed", user_id=user_id, data={"fields": sorted(changes)}, origin=origin
        )
    return user


async def _proves(context: Context, user_id: UserId, password: str) -> bool:
    """Tell whether a person who is logged in knows their password.

    Raises:
        RateLimited: after too many wrong ones; logging in stays open to the person meanwhile.
    """
    key = hash_secret(f"password of {user_id}")
    async with context.database.transaction() as tx:
        if await store.login_failures(tx.session, key, now=tx.now) >= LOGIN_FAILURES:
            raise RateLimited(int(LOGIN_WINDOW.total_seconds()))
        stored = (await _user(tx, user_id)).password_hash
    if await context.passwords.verify(password, stored):
        return True
    async with context.database.transaction() as tx:
        await store.count_login_failure(tx.session, key, now=tx.now)
    return False


async def _change(tx: Transaction, user: User, changes: Mapping[str, Any]) -> None:
    before = {"phone": user.phone, "email": user.email}
    for name, value in changes.items():
        setattr(user, name, value)
    with tx.session.no_autoflush:
        user.phone, user.email = _contacts(
            NewPerson(name=user.name, phone=user.phone, email=user.email)
        )
        for field, former in before.items():
            contact: str | None = getattr(user, field)
            if contact and contact != former:
                await _contact_is_free(tx, field, contact)
                user.contact_verified = False
        if user.phone is None and before["phone"] is not None:
            # What was proved has gone; an e-mail that stays was not.
            user.contact_verified = False


def note_session_ended(
    tx: Transaction, user_id: UserId, session_id: UUID, *, origin: Origin
) -> None:
    """Log that a person ended one of their sessions."""
    audit.record(
        tx, "session.ended", user_id=user_id, data={"session": str(session_id)}, origin=origin
    )


async def issue_registration_key(
    tx: Transaction,
    *,
    farm_name: str,
    province: str | None,
    phone: str | None,
    by: UserId | None,
) -> IssuedKey:
    """Make a registration key for a farm to be.

    Raises:
        Invalid: when the phone number is none.
    """
    words = new_registration_key()
    row = RegistrationKey(
        id=tx.new_id(),
        key_hash=hash_registration_key(words),
        hint=hint_of(words),
        farm_name=farm_name,
        province=province,
        phone=checked_phone(phone) if phone else None,
        created_by=by,
        created_at=tx.now,
        expires_at=tx.now + REGISTRATION_KEY_LIFETIME,
        used_by=None,
        used_at=None,
        revoked_at=None,
    )
    tx.session.add(row)
    audit.record(tx, "registration_key.made", user_id=by, data={"hint": row.hint})
    return IssuedKey(words=words, row=row)


async def revoke_registration_key(tx: Transaction, key_id: UUID, *, by: UserId) -> None:
    """Make a key that nobody has used worthless.

    Raises:
        NotFound: when there is no such key.
        Problem: when it was used.
    """
    key = await tx.session.get(RegistrationKey, key_id, with_for_update=True)
    if key is None:
        raise NotFound("registration key")
    if key.used_at is not None:
        raise Problem("key_used")
    key.revoked_at = key.revoked_at or tx.now
    audit.record(tx, "registration_key.revoked", user_id=by, data={"hint": key.hint})


async def user_by_typed_login(tx: Transaction, login: str) -> User:
    """Return the person with this login, for staff.

    Raises:
        NotFound: when there is none.
    """
    user = await _user_by_typed_login(tx, login)
    if user is None:
        raise NotFound("user")
    return user


async def user_in(tx: Transaction, user_id: UserId) -> User:
    """Return a person.

    Raises:
        NotFound: when there is none.
    """
    return await _user(tx, user_id)


def checked_phone(given: str) -> str:
    """Return a phone number in the spelling that is stored.

    Raises:
        Invalid: when it is none.
    """
    try:
        return normal_phone(given)
    except ContactRefused as error:
        raise invalid_field("body.phone", "bad_phone", str(error)) from None


def checked_email(given: str) -> str:
    """Return an e-mail address in the spelling that is stored.

    Raises:
        Invalid: when it is none.
    """
    try:
        return normal_email(given)
    except ContactRefused as error:
        raise invalid_field("body.email", "bad_email", str(error)) from None


def _contacts(person: NewPerson) -> tuple[str | None, str | None]:
    phone = checked_phone(person.phone) if person.phone else None
    email = checked_email(person.email) if person.email else None
    if phone is None and email is None:
        raise invalid_field("body.phone", "missing", "A phone number or an e-mail is needed.")
    return phone, email


async def _contact_is_free(tx: Transaction, field: str, contact: str) -> None:
    if await store.user_by_login(tx.session, contact):
        raise taken(f"body.{field}", "There is an account with this contact already.")


async def _usable_key(tx: Transaction, words: str) -> RegistrationKey:
    key = await store.registration_key_for_update(tx.session, hash_registration_key(words))
    if key is None or key.revoked_at is not None:
        raise Invalid("key_unknown")
    if key.used_at is not None:
        raise Conflict("key_used")
    if key.expires_at <= tx.now:
        raise Problem("key_expired")
    return key


async def _user(tx: Transaction, user_id: UserId) -> User:
    user = await store.user_by_id(tx.session, user_id)
    if user is None:
        raise NotFound("user")
    return user


async def _user_by_typed_login(tx: Transaction, login: str) -> User | None:
    try:
        return await store.user_by_login(tx.session, normal_login(login))
    except ContactRefused:
        return None
