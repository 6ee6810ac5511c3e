"""`tokkatot simulate`: a farm in virtual time, with everything that may go wrong."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tokkatot.sim.run import Outcome

app = typer.Typer()


@app.command()
def simulate(
    seed: Annotated[int, typer.Option(help="The same seed gives the same run.")] = 1,
    days: Annotated[float, typer.Option(min=0.0, help="How long; may be a fraction.")] = 0.125,
    hubs: Annotated[int, typer.Option(min=1, max=9, help="How many hubs the farm has.")] = 1,
    sabotage: Annotated[
        str | None, typer.Option(help="A mistake that is made on purpose; the checkers catch it.")
    ] = None,
    list_sabotages: Annotated[
        bool, typer.Option("--list-sabotages", help="Print their names and end.")
    ] = False,
) -> None:
    """Simulate a farm and check that nothing is lost, doubled or unsafe."""
    from tokkatot.sim.run import simulate as run
    from tokkatot.sim.sabotage import SABOTAGES

    if list_sabotages:
        for name in SABOTAGES:
            print(name)
        return
    chosen = None if sabotage is None else SABOTAGES.get(sabotage)
    if sabotage is not None and chosen is None:
        raise typer.BadParameter(f"they are {', '.join(SABOTAGES)}", param_hint="--sabotage")
    outcome = run(seed, days=days, hubs=hubs, sabotage=chosen)
    _tell(outcome)
    if outcome.violations:
        sys.exit(1)


def _tell(outcome: "Outcome") -> None:
    counts = outcome.counts
    print(
        f"seed {outcome.seed}: {outcome.simulated_s / 3600:.2f} simulated hours,"
        f" {counts.get('fault', 0)} faults, {counts.get('hub.start', 0)} starts of the hub,"
        f" {outcome.readings} readings and {outcome.runs} runs of schedules in the cloud,"
        f" {outcome.orders} orders sent, {counts.get('tap.here', 0)} given at the farm,"
        f" {counts.get('agreed', 0)} times healed and agreed"
    )
    for violation in outcome.violations:
        print(f"violated at {violation.at_s:.3f} s: {violation.invariant}: {violation.detail}")
    if outcome.violations:
        print("\n".join(("before it:", *outcome.last)))
    print(f"trace {outcome.digest}")
