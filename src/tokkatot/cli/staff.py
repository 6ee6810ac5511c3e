"""`tokkatot staff`: what staff do at the keyboard of the server, straight in the database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from tokkatot.cli.database import in_transaction
from tokkatot.cli.running import refusals

if TYPE_CHECKING:
    from tokkatot.cloud.platform.database import Transaction

app = typer.Typer(no_args_is_help=True)

MOST_FARMS = 10_000
"""Listed at once."""

FarmOption = Annotated[UUID, typer.Option("--farm", help="Id of the farm.")]
HouseOption = Annotated[UUID | None, typer.Option("--house", help="Id of the house.")]
PhoneOption = Annotated[str | None, typer.Option(help="Phone number.")]
EmailOption = Annotated[str | None, typer.Option(help="E-mail address.")]


@app.command("registration-key")
def registration_key(
    farm_name: Annotated[str, typer.Argument(help="The farm that its owner will sign up for.")],
    province: Annotated[str | None, typer.Option()] = None,
    phone: PhoneOption = None,
) -> None:
    """Make a one-use registration key, good for 90 days."""

    async def work(tx: "Transaction") -> str:
        from tokkatot.cloud.accounts.service import issue_registration_key

        issued = await issue_registration_key(
            tx, farm_name=farm_name, province=province, phone=phone, by=None
        )
        return issued.words

    typer.echo(in_transaction(work))


@app.command("reset-code")
def reset_code(login: Annotated[str, typer.Argument(help="Phone number or e-mail.")]) -> None:
    """Make a one-use code with which a person sets a new password within a day."""

    async def work(tx: "Transaction") -> str:
        from tokkatot.cloud.accounts.service import issue_reset_code, user_by_typed_login
        from tokkatot.cloud.platform.passwords import Passwords

        user = await user_by_typed_login(tx, login)
        return (await issue_reset_code(tx, Passwords(), user, by=None)).code

    typer.echo(in_transaction(work))


@app.command("test-mail")
def test_mail(address: Annotated[str, typer.Argument(help="Who is to get it.")]) -> None:
    """Send a mail through the server of the settings, and say what it answered."""
    import asyncio

    from tokkatot.cloud.platform.mail import Mail, MailDelayed, Mailer, MailRefused
    from tokkatot.cloud.platform.settings import load_settings
    from tokkatot.kit.clock import SystemClock
    from tokkatot.kit.ids import IdSource

    clock = SystemClock()
    with refusals():
        mailer = Mailer.open(load_settings(), clock=clock, ids=IdSource(clock))
    if mailer is None:
        typer.echo("No mail server is set: set TOKKATOT_SMTP_URL.", err=True)
        raise typer.Exit(1)
    mail = Mail(
        to=address, subject="Mail from Tokkatot", text="Tokkatot can send mail by this server.\n"
    )
    try:
        asyncio.run(mailer.send(mail))
    except (MailRefused, MailDelayed) as error:
        typer.echo(f"The server has not taken the mail: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo("The server has taken the mail.")


@app.command("create-staff")
def create_staff(
    name: Annotated[str, typer.Argument()], phone: PhoneOption = None, email: EmailOption = None
) -> None:
    """Make an account for a member of staff, and print the code that sets its password."""

    async def work(tx: "Transaction") -> str:
        from tokkatot.cloud.accounts.service import NewPerson, create_user, issue_reset_code
        from tokkatot.cloud.platform.passwords import Passwords

        person = NewPerson(name=name, phone=phone, email=email)
        user = await create_user(
            tx, person, password_hash=None, contact_verified=True, is_staff=True
        )
        return (await issue_reset_code(tx, Passwords(), user, by=None)).code

    typer.echo(in_transaction(work))


@app.command("farms")
def farms() -> None:
    """List farms and their houses with their ids, one a line."""

    async def work(tx: "Transaction") -> list[str]:
        from tokkatot.cloud.farms import store

        lines: list[str] = []
        for farm in await store.all_farms(tx.session, limit=MOST_FARMS):
            lines.append(f"{farm.id}\t{farm.name}")
            lines.extend(
                f"{house.id}\t{farm.name}\t{house.number}\t{house.name}"
                for house in await store.houses_of(tx.session, farm.id)
            )
        return lines

    for line in in_transaction(work):
        typer.echo(line)


def _checked_broker_url(url: str | None) -> str | None:
    from tokkatot.cloud.platform.settings import checked_broker_url

    if url is None:
        return None
    try:
        return checked_broker_url(url)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command("provision-hub")
def provision_hub(
    farm: FarmOption,
    house: HouseOption = None,
    name: Annotated[str, typer.Option()] = "Hub",
    broker_url: Annotated[
        str | None,
        typer.Option(help="How the hub reaches the cloud's broker.", callback=_checked_broker_url),
    ] = None,
) -> None:
    """Let a new hub in, and print its hub.toml, password included; it is shown this once."""

    async def work(tx: "Transaction") -> str:
        from tokkatot.cloud.devices import hubs
        from tokkatot.cloud.platform.embedded import embedded_broker_url
        from tokkatot.cloud.platform.keys import SigningKeys
        from tokkatot.cloud.platform.settings import load_settings
        from tokkatot.domain.ids import FarmId, HouseId

        settings = load_settings()
        url = (
            broker_url
            or settings.mqtt_public_url
            or settings.mqtt_url
            or embedded_broker_url(settings)
        )
        if url is None:
            raise typer.BadParameter(
                "say how the hub reaches the broker, as mqtt://HOST:PORT", param_hint="--broker-url"
            )
        provisioned = await hubs.provision_hub(
            tx, FarmId(farm), HouseId(house) if house else None, name, by=None
        )
        note = hubs.reach_note(url)
        if note is not None:
            typer.echo(note, err=True)
        return hubs.hub_toml(
            provisioned.hub,
            password=provisioned.password,
            broker_url=url,
            keys=SigningKeys.load(settings.data_dir / "keys"),
        )

    typer.echo(in_transaction(work), nl=False)


@app.command("revoke-hub")
def revoke_hub(hub: Annotated[UUID, typer.Argument(help="Id of the hub.")]) -> None:
    """Shut a hub out for ever."""

    async def work(tx: "Transaction") -> None:
        from tokkatot.cloud.devices import hubs
        from tokkatot.domain.ids import HubId

        await hubs.revoke_hub(tx, HubId(hub), by=None)

    in_transaction(work)


@app.command("add-device")
def add_device(  # noqa: PLR0913, PLR0917 - options, given by name
    farm: FarmOption,
    house: Annotated[UUID, typer.Option("--house", help="Id of the house.")],
    hardware_id: Annotated[str, typer.Option(help="How it names itself on its bus.")],
    name: Annotated[str, typer.Option()],
    role: Annotated[str, typer.Option(help="Such as water_pump or climate_sensor.")],
    interface: Annotated[str, typer.Option(help="Such as relay or sensor.")],
    driver: Annotated[str, typer.Option(help="The hub's driver that reaches it.")],
    quantity: Annotated[list[str] | None, typer.Option(help="What it measures.")] = None,
    period: Annotated[
        float, typer.Option(min=0.1, max=86_400, help="How often it measures, in seconds.")
    ] = 30.0,
    zone: Annotated[str, typer.Option()] = "main",
    address: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE, as the driver takes it.")
    ] = None,
) -> None:
    """Register a device."""

    async def work(tx: "Transaction") -> str:
        from tokkatot.cloud.devices import service
        from tokkatot.domain.devices import DeviceRole, Interface
        from tokkatot.domain.ids import FarmId, HouseId
        from tokkatot.domain.quantities import Quantity

        try:
            new = service.NewDevice(
                house_id=HouseId(house),
                hardware_id=hardware_id,
                name=name,
                role=DeviceRole(role),
                interface=Interface(interface),
                zone=zone,
                quantities=tuple(Quantity(word) for word in quantity or ()),
                period_s=period,
                address={"driver": driver} | dict(_pair(word) for word in address or ()),
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        return str((await service.add_device(tx, FarmId(farm), new, by=None)).id)

    typer.echo(in_transaction(work))


@app.command("unknown-devices")
def unknown_devices(
    farm: Annotated[UUID | None, typer.Option("--farm", help="Only those of this farm.")] = None,
) -> None:
    """List what hubs heard and nobody registered, one a line."""

    async def work(tx: "Transaction") -> list[str]:
        from tokkatot.cloud.devices import store

        found = await store.unknown_devices(tx.session, farm_id=farm, after=None, limit=10_000)
        return [
            f"{row.farm_id}\t{row.hub_id}\t{row.hardware_id}\t{row.driver}\t"
            f"{row.last_heard_at:%Y-%m-%dT%H:%M:%SZ}\t{row.times_heard}\t{row.detail}"
            for row in found
        ]

    for line in in_transaction(work):
        typer.echo(line)


@app.command("add-policy")
def add_policy(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Of `tokkatot climate export`: model and card; or a shipped one: tunnel."
        ),
    ],
) -> None:
    """Take a learned policy in, for staff to deploy to houses."""
    from tokkatot.climate.policy.card import CARD, PolicyRefused, find_policy, read_policy

    folder = find_policy(folder)
    try:
        _, model = read_policy(folder)
    except PolicyRefused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from refused
    card = (folder / CARD).read_bytes()

    async def work(tx: "Transaction") -> str:
        from tokkatot.cloud.intelligence.registry import add_policy

        return (await add_policy(tx, card, model)).sha256

    typer.echo(in_transaction(work))


def _pair(word: str) -> tuple[str, str | int]:
    key, equals, value = word.partition("=")
    if not equals or not key:
        raise typer.BadParameter(f"an address is KEY=VALUE, not {word!r}")
    return key, int(value) if value.isdecimal() else value
