"""What every house tells of its schedules: a run that failed, until one is executed again."""

from collections.abc import Iterator, Mapping

from tokkatot.automation.alarm_life import Condition
from tokkatot.automation.runs import Outcome
from tokkatot.automation.standard_alarms import Scene
from tokkatot.automation.state import Alarm, AlarmKey


def failures(scene: Scene, alarms: Mapping[AlarmKey, Alarm]) -> Iterator[Condition]:
    """Yield what is seen of the schedules whose last run that was not skipped has failed.

    Where a device of it is in trouble already, that is told. A run that a person asked for has its
    own answer.
    """
    house = scene.house
    ended = {
        run.schedule_id: run.outcome
        for run in scene.runs
        if run.request is None and run.outcome is not Outcome.SKIPPED
    }
    if not ended and not alarms:
        return
    for schedule, (key, causes) in zip(house.schedules, house.run_keys, strict=True):
        outcome = ended.get(schedule.id) if ended else None
        if not schedule.enabled or (outcome is not Outcome.FAILED and key not in alarms):
            continue
        yield Condition(
            key=key,
            manner=house.manners[key.type],
            present=None if outcome is None else outcome is Outcome.FAILED,
            name=schedule.name,
            cause=next((cause for cause in causes if cause in alarms), None),
        )
