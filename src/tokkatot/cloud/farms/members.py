"""Decides who belongs to a farm, in which role."""

from dataclasses import dataclass, replace

from tokkatot.cloud.accounts import service as accounts
from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.farms import store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.hubs import touch_hubs
from tokkatot.cloud.farms.model import FarmMember
from tokkatot.cloud.farms.store import MemberRow
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.passwords import Passwords
from tokkatot.cloud.platform.problems import Conflict, FieldError, Forbidden, NotFound
from tokkatot.domain.ids import FarmId, UserId
from tokkatot.domain.people import MemberRole, Right

MAX_MEMBERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """A new member; `code` lets a person who had no account set their password."""

    row: MemberRow
    person: accounts.NewPerson
    """As they were named, with their contacts in the form in which they are kept."""
    code: accounts.IssuedCode | None


async def invite(
    tx: Transaction,
    access: FarmAccess,
    person: accounts.NewPerson,
    role: MemberRole,
    *,
    passwords: Passwords,
    origin: Origin,
) -> Invited:
    """Make a person a member, with a new account if they have none.

    Raises:
        Invalid: when the contact is none.
        Conflict: when they are a member already, the farm is full, or somebody's account has a
            contact that may not be theirs.
    """
    person = _normal(person)
    user = await _known(tx, person)
    # Made before the farm is locked: hashing it is slow.
    fresh = None if user else await accounts.fresh_code(passwords)
    await store.lock_farm(tx.session, access.farm_id)
    members = await store.members_of(tx.session, access.farm_id, after=None, limit=MAX_MEMBERS + 1)
    if len(members) >= MAX_MEMBERS:
        raise Conflict("conflict", f"A farm has at most {MAX_MEMBERS} members.")
    if user and any(row.user.id == user.id for row in members):
        raise Conflict("already_exists", "This person is a member already.")
    if user and not access.caller.is_staff:
        _refuse_unproved(user, person, access.farm_id)
    code = None
    if user is None:
        assert fresh is not None, "made for whoever has no account"
        user = await accounts.create_user(
            tx,
            person,
            password_hash=None,
            contact_verified=False,
            home_farm_id=access.farm_id,
        )
        code = await accounts.keep_fresh_code(tx, user, fresh, by=access.caller.user_id)
    member = FarmMember(
        farm_id=access.farm_id,
        user_id=user.id,
        role=role,
        invited_by=access.caller.user_id,
        created_at=tx.now,
    )
    tx.session.add(member)
    await tx.session.flush()
    await _changed(tx, access, "member.added", UserId(user.id), role, origin)
    return Invited(row=MemberRow(member=member, user=user), person=person, code=code)


async def change_role(
    tx: Transaction, access: FarmAccess, user_id: UserId, role: MemberRole, *, origin: Origin
) -> MemberRow:
    """Give a member another role.

    Raises:
        NotFound: when the person is no member.
        Conflict: when the farm would be left without an owner.
    """
    await store.lock_farm(tx.session, access.farm_id)
    row = await _member(tx, access, user_id)
    if row.member.role is not role:
        if row.member.role is MemberRole.OWNER:
            await _another_owner(tx, access)
        row.member.role = role
        await _changed(tx, access, "member.role_changed", user_id, role, origin)
    return row


async def remove(tx: Transaction, access: FarmAccess, user_id: UserId, *, origin: Origin) -> None:
    """End a membership; a member may leave by themselves, an owner may send others away.

    Raises:
        NotFound: when the person is no member.
        Forbidden: when somebody who is no owner sends another away.
        Conflict: when the farm would be left without an owner.
    """
    if user_id != access.caller.user_id and Right.OWN not in access.rights:
        raise Forbidden(Right.OWN)
    await store.lock_farm(tx.session, access.farm_id)
    row = await _member(tx, access, user_id)
    if row.member.role is MemberRole.OWNER:
        await _another_owner(tx, access)
    await tx.session.delete(row.member)
    await tx.session.flush()
    await _changed(tx, access, "member.removed", user_id, row.member.role, origin)


async def make_reset_code(
    tx: Transaction, access: FarmAccess, user_id: UserId, *, passwords: Passwords
) -> accounts.IssuedCode:
    """Make a code for a member whose account this farm made.

    A code opens the whole account. So an owner makes none for another owner, for staff, or for
    somebody whose account was not made by this farm or who has joined another farm too: else
    inviting a person would be a way into their account.

    Raises:
        NotFound: when the person is no member.
        Forbidden: when only staff may make the code.
    """
    row = await _member(tx, access, user_id)
    farms = await store.farm_ids_of(tx.session, user_id)
    mine = (
        row.member.role is not MemberRole.OWNER
        and not row.user.is_staff
        and row.user.home_farm_id == access.farm_id
        and list(farms) == [access.farm_id]
    )
    if not mine and not access.caller.is_staff:
        raise Forbidden(Right.MAINTAIN, "Only staff can make a reset code for this person.")
    return await accounts.issue_reset_code(tx, passwords, row.user, by=access.caller.user_id)


def _normal(person: accounts.NewPerson) -> accounts.NewPerson:
    return replace(
        person,
        phone=accounts.checked_phone(person.phone) if person.phone else None,
        email=accounts.checked_email(person.email) if person.email else None,
    )


async def _known(tx: Transaction, person: accounts.NewPerson) -> User | None:
    """Return who has one of these contacts; two people behind one invitation are a mistake."""
    found: dict[object, User] = {}
    for contact in (person.phone, person.email):
        user = await accounts_store.user_by_login(tx.session, contact) if contact else None
        if user:
            found[user.id] = user
    if len(found) > 1:
        raise Conflict("conflict", "The phone number and the e-mail belong to two people.")
    return next(iter(found.values()), None)


def _refuse_unproved(user: User, person: accounts.NewPerson, farm_id: FarmId) -> None:
    """Refuse an account that another farm may have made with a contact of somebody else.

    Else who takes a free phone number first gets every role that is meant for the one who has it.
    A key proves a phone number, and so no e-mail beside it.

    Raises:
        Conflict: when nobody has proved that the contact is theirs.
    """
    by_phone = person.phone is not None and person.phone == user.phone
    proved = user.contact_verified and (by_phone or user.phone is None)
    if not proved and user.home_farm_id != farm_id:
        detail = "This contact was never proved; staff can add this person."
        field = "body.phone" if by_phone else "body.email"
        raise Conflict(
            "conflict", detail, errors=[FieldError(field=field, code="unproved", detail=detail)]
        )


async def _member(tx: Transaction, access: FarmAccess, user_id: UserId) -> MemberRow:
    row = await store.member(tx.session, access.farm_id, user_id)
    if row is None:
        raise NotFound("member")
    return row


async def _another_owner(tx: Transaction, access: FarmAccess) -> None:
    if await store.owner_count(tx.session, access.farm_id) <= 1:
        raise Conflict("last_owner")


async def _changed(
    tx: Transaction,
    access: FarmAccess,
    kind: str,
    user_id: UserId,
    role: MemberRole,
    origin: Origin,
) -> None:
    await touch_hubs(tx, access.farm_id)
    audit.record(
        tx,
        kind,
        farm_id=access.farm_id,
        user_id=access.caller.user_id,
        data={"member": str(user_id), "role": role.value},
        origin=origin,
    )
    farm_changed(tx, access.farm_id, "member", user_id)
