"""A tunnel house as a hub steers it: what is asked of its policies' process."""

from hashlib import sha256
from pathlib import Path
from uuid import UUID

from tokkatot.climate.control.held import FANS
from tokkatot.climate.control.shield import Moment
from tokkatot.climate.control.twins import HeldTwin
from tokkatot.climate.physics.air import relative_humidity_pct
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.policy.card import CARD, MODEL, find_policy
from tokkatot.domain.autopilot import PolicyFile
from tokkatot.domain.houses import SetPoints
from tokkatot.wire.autopilot import Asked, Birds, Inside, Outside


def shipped() -> PolicyFile:
    """Return the policy that is shipped for tunnel houses."""
    folder = find_policy(Path("tunnel"))
    card, model = (folder / CARD).read_bytes(), (folder / MODEL).read_bytes()
    return PolicyFile(sha256=sha256(model).hexdigest(), card=card, model=model)


def asked_of(
    house: HeldTwin, points: SetPoints, moment: Moment, at_s: float, policy: PolicyFile
) -> Asked:
    """Return the question whose instruments show this house as it is."""
    s, sky, shown = house.state, moment.outdoor, house.shown()
    return Asked(
        house=UUID(int=1),
        at_s=at_s,
        mode="auto",
        policy=policy,
        minimum_c=points.temperature_min_c,
        maximum_c=points.temperature_max_c,
        hard_maximum_c=points.temperature_hard_max_c,
        accepted_k=0.0,
        accepted_share=1.0,
        fans=FANS,
        inside=Inside(
            air_c=shown.air_c,
            humidity_pct=shown.humidity_pct,
            co2_ppm=shown.co2_ppm,
            ammonia_ppm=s.ammonia_mg_m3 / AMMONIA_MG_M3_PPM,
            age_s=20.0,
        ),
        outside=Outside(
            air_c=sky.temperature_c,
            humidity_pct=min(relative_humidity_pct(sky.temperature_c, sky.vapour_pa), 100.0),
            radiation_w_m2=sky.radiation_w_m2,
            wind_m_s=sky.wind_m_s,
        ),
        hour=moment.hour,
        floor_m2=house.parameters.floor_m2,
        birds=Birds(count=round(s.birds), age_d=s.age_d, kg=s.bird_kg),
    )
