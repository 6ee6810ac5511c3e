"""The routes of logging in and of one's own account."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from tokkatot.cloud.accounts import reset_requests, service, sessions, store
from tokkatot.cloud.accounts.caller import SomeCaller
from tokkatot.cloud.accounts.model import Session
from tokkatot.cloud.accounts.ports import Farms
from tokkatot.cloud.platform.audit import EventEntry
from tokkatot.cloud.platform.context import Ctx, FromWhere, Tx
from tokkatot.cloud.platform.idempotency import Key
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, page_of
from tokkatot.cloud.platform.passwords import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS
from tokkatot.cloud.platform.problems import NotFound
from tokkatot.cloud.platform.schemas import Body, Link, Name, Patch, ShortText, TimeZone, View
from tokkatot.domain.alerts import Severity
from tokkatot.domain.people import Language

router = APIRouter(prefix="/v1")

Contact = Annotated[str, StringConstraints(min_length=3, max_length=254)]
# Never stripped or cleaned: a password is what was typed.
NewPassword = Annotated[
    str,
    StringConstraints(
        min_length=MIN_PASSWORD_CHARS, max_length=MAX_PASSWORD_CHARS, strip_whitespace=False
    ),
]
GivenPassword = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_PASSWORD_CHARS, strip_whitespace=False)
]
KeyWords = Annotated[
    str,
    StringConstraints(min_length=25, max_length=40),
    Field(description="A registration key such as ABCDE-FGHIJ-KLMNO-PQRST-UVWXY."),
]


class SignUpBody(Body):
    """A new person with the key that staff gave them."""

    registration_key: KeyWords
    name: Name
    phone: Contact | None = None
    email: Contact | None = None
    password: NewPassword
    language: Language = Language.KHMER


class LoginBody(Body):
    """A phone number or an e-mail address, with the password."""

    login: Contact
    password: GivenPassword
    device_name: ShortText | None = None


class RefreshBody(Body):
    """The refresh token of the last answer."""

    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class ForgotBody(Body):
    """Who can't get in."""

    login: Contact


class ForgotView(View):
    """Where a code comes from besides the farm's owner and staff."""

    by_mail: bool = Field(
        description="Whether this cloud mails codes to people whose address it knows."
    )


class ResetBody(Body):
    """A code from the farm's owner, from staff or from a mail, with the password wanted."""

    login: Contact
    code: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    new_password: NewPassword


class ChangePasswordBody(Body):
    """The old password proves that it is you."""

    old_password: GivenPassword
    new_password: NewPassword


class VerifyContactBody(Body):
    """A key that staff gave to this person."""

    registration_key: KeyWords


class UserView(View):
    """A person, as they see themselves."""

    id: UUID
    name: str
    phone: str | None
    email: str | None
    language: Language
    time_zone: str
    avatar: str | None
    contact_verified: bool
    is_staff: bool


class FarmBriefView(View):
    """A farm that the person may open."""

    id: UUID
    name: str
    role: str
    coop_count: int
    house_count: int


class LoginView(View):
    """Tokens, the person, and their farms."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int = Field(description="Seconds until the access token expires.")
    user: UserView
    farms: list[FarmBriefView]


class UserPatch(Patch):
    """What a person may change of themselves."""

    may_be_null = frozenset({"phone", "email", "avatar"})

    name: Name | None = None
    phone: Contact | None = None
    email: Contact | None = None
    language: Language | None = None
    time_zone: TimeZone | None = None
    avatar: Link | None = None
    password: GivenPassword | None = Field(
        default=None, description="Yours, as it is; needed for another phone number or e-mail."
    )


class SessionView(View):
    """One login on one device."""

    id: UUID
    device_name: str | None
    ip: str | None
    user_agent: str | None
    created_at: datetime
    last_seen_at: datetime
    current: bool


class ActivityView(View):
    """Something that the person did."""

    id: UUID
    t: datetime
    type: str
    severity: Severity
    farm_id: UUID | None
    house_id: UUID | None
    device_id: UUID | None
    data: dict[str, object]
    ip: str | None


def login_view(logged_in: sessions.LoggedIn) -> LoginView:
    """Return what a login answers."""
    return LoginView(
        access_token=logged_in.access_token,
        refresh_token=logged_in.refresh_token,
        expires_in=logged_in.expires_in_s,
        user=UserView.model_validate(logged_in.user),
        farms=[FarmBriefView.model_validate(farm) for farm in logged_in.farms],
    )


@router.post(
    "/auth/signup",
    status_code=201,
    tags=["auth"],
    responses=problems("key_unknown", "key_used", "key_expired", "already_exists"),
)
async def sign_up(body: SignUpBody, context: Ctx, farms: Farms, origin: FromWhere) -> LoginView:
    """Make an account and the farm that the registration key names."""
    person = service.NewPerson(
        name=body.name, phone=body.phone, email=body.email, language=body.language
    )
    return login_view(
        await service.sign_up(
            context,
            farms,
            person,
            key_words=body.registration_key,
            password=body.password,
            origin=origin,
        )
    )


@router.post("/auth/login", tags=["auth"], responses=problems("login_failed"))
async def log_in(body: LoginBody, context: Ctx, farms: Farms, origin: FromWhere) -> LoginView:
    """Log in by phone number or e-mail address."""
    attempt = sessions.Attempt(
        login=body.login, password=body.password, device_name=body.device_name
    )
    return login_view(await sessions.log_in(context, farms, attempt, origin))


@router.post("/auth/refresh", tags=["auth"], responses=problems("session_ended"))
async def refresh(
    body: RefreshBody,
    context: Ctx,
    farms: Farms,
    origin: FromWhere,
    idempotency_key: Key = None,
) -> LoginView:
    """Exchange the refresh token for a new pair; each is good once.

    Who has not heard the answer may ask again within a week, under the same random key.
    """
    given = sessions.Renewal(refresh_token=body.refresh_token, key=idempotency_key)
    return login_view(await sessions.refresh(context, farms, given, origin))


@router.post("/auth/logout", status_code=204, tags=["auth"])
async def log_out(caller: SomeCaller, tx: Tx, origin: FromWhere) -> None:
    """End this session."""
    await sessions.log_out(tx, caller.user_id, caller.session_id, origin)


@router.post("/auth/forgot-password", status_code=202, tags=["auth"])
async def forgot_password(body: ForgotBody, tx: Tx, context: Ctx, origin: FromWhere) -> ForgotView:
    """Say that you can't get in; the answer is the same for everybody.

    Your farm's owner and staff see it, and where the cloud sends mail and knows your address, a
    one-use code comes by mail.
    """
    await reset_requests.ask(tx, body.login, origin)
    return ForgotView(by_mail=context.settings.smtp_url is not None)


@router.post(
    "/auth/reset-password",
    status_code=204,
    tags=["auth"],
    responses=problems("code_wrong", "code_expired"),
)
async def reset_password(body: ResetBody, context: Ctx, origin: FromWhere) -> None:
    """Set a new password by a one-use code."""
    await service.reset_password(
        context,
        login=body.login,
        code=body.code,
        new_password=body.new_password,
        origin=origin,
    )


@router.post("/auth/change-password", status_code=204, tags=["auth"])
async def change_password(
    body: ChangePasswordBody, caller: SomeCaller, context: Ctx, origin: FromWhere
) -> None:
    """Set a new password; the other sessions end."""
    await service.change_password(
        context,
        caller.user_id,
        caller.session_id,
        old=body.old_password,
        new=body.new_password,
        origin=origin,
    )


@router.post(
    "/auth/verify-contact",
    status_code=204,
    tags=["auth"],
    responses=problems("key_unknown", "key_used", "key_expired", "conflict"),
)
async def verify_contact(
    body: VerifyContactBody, caller: SomeCaller, tx: Tx, origin: FromWhere
) -> None:
    """Have your phone number counted as verified by a key that staff gave you."""
    await service.verify_contact(tx, caller.user_id, key_words=body.registration_key, origin=origin)


@router.get("/users/me", tags=["users"])
async def me(caller: SomeCaller, tx: Tx) -> UserView:
    """Return yourself."""
    return UserView.model_validate(await service.user_in(tx, caller.user_id))


@router.patch("/users/me", tags=["users"], responses=problems("already_exists"))
async def change_me(
    body: UserPatch, caller: SomeCaller, context: Ctx, origin: FromWhere
) -> UserView:
    """Change yourself; a new contact takes your password and is unverified until a key says so."""
    changes = body.changes()
    password = changes.pop("password", None)
    user = await service.change_user(
        context, caller.user_id, changes, password=password, origin=origin
    )
    return UserView.model_validate(user)


@router.get("/users/me/sessions", tags=["users"])
async def my_sessions(caller: SomeCaller, tx: Tx, page: Paged) -> Page[SessionView]:
    """Return the devices on which you are logged in."""
    after = page.after_of(UUID)
    rows = await store.sessions_of(
        tx.session,
        caller.user_id,
        now=tx.now,
        before=after[0] if after else None,
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, lambda row: [str(row.id)])
    return Page(
        items=[session_view(row, current=row.id == caller.session_id) for row in items],
        next_cursor=cursor,
    )


@router.delete("/users/me/sessions/{session}", status_code=204, tags=["users"])
async def end_my_session(session: UUID, caller: SomeCaller, tx: Tx, origin: FromWhere) -> None:
    """Log out one of your devices."""
    if not await store.end_session(tx.session, session, user_id=caller.user_id, now=tx.now):
        raise NotFound("session")
    service.note_session_ended(tx, caller.user_id, session, origin=origin)


@router.get("/users/me/activity", tags=["users"])
async def my_activity(caller: SomeCaller, tx: Tx, page: Paged) -> Page[ActivityView]:
    """Return what you did, newest first."""
    after = page.after_of(datetime.fromisoformat, UUID)
    rows = await store.activity_of(
        tx.session,
        caller.user_id,
        after=after,
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, _activity_key)
    return Page(items=[ActivityView.model_validate(row) for row in items], next_cursor=cursor)


def session_view(row: Session, *, current: bool) -> SessionView:
    """Return a session as its owner sees it."""
    return SessionView(
        id=row.id,
        device_name=row.device_name,
        ip=row.ip,
        user_agent=row.user_agent,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        current=current,
    )


def _activity_key(row: EventEntry) -> list[str]:
    return [row.t.isoformat(), str(row.id)]
