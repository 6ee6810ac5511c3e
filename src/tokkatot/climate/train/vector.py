"""Many houses as Stable-Baselines3 wants environments."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from typing_extensions import override

from tokkatot.climate.env.many import ManyHouses, Seen

Indices = int | Iterable[int] | None


class HousesVecEnv(VecEnv):
    """All houses of a batch, one call a step."""

    def __init__(self, many: ManyHouses[Any], *, staggered: bool = True) -> None:
        """Take the houses; staggered, their first seasons end one after another."""
        self.many = many
        self._staggered = staggered
        self._actions: NDArray[np.floating[Any]] = np.zeros((0, 0))
        batch = many.batch
        self._attributes: dict[str, object] = {"render_mode": None}
        low = np.array([field.low for field in batch.fields], np.float32)
        high = np.array([field.high for field in batch.fields], np.float32)
        super().__init__(
            batch.houses,
            spaces.Box(low, high, dtype=np.float32),
            spaces.Box(-1.0, 1.0, (len(batch.dials),), dtype=np.float32),
        )

    @override
    def reset(self) -> Seen:
        if self._seeds[0] is not None:
            self.many.reseed(np.random.default_rng(self._seeds[0]))
            self._reset_seeds()
        return self.many.reset(staggered=self._staggered)

    @override
    def step_async(self, actions: NDArray[np.floating[Any]]) -> None:
        self._actions = actions

    @override
    def step_wait(
        self,
    ) -> tuple[Seen, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        turn = self.many.step(self._actions)
        told: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for house in np.flatnonzero(turn.over):
            told[house]["terminal_observation"] = turn.last[house]
            told[house]["TimeLimit.truncated"] = bool(turn.cut[house])
        return turn.seen, turn.rewards.astype(np.float32), turn.over, told

    @override
    def close(self) -> None:
        """Nothing outlives the process."""

    @override
    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        return [self._attributes[attr_name] for _ in self._get_indices(indices)]

    @override
    def set_attr(self, attr_name: str, value: object, indices: Indices = None) -> None:
        """All houses share what is set."""
        self._attributes[attr_name] = value

    @override
    def env_method(
        self, method_name: str, *method_args: object, indices: Indices = None, **named: object
    ) -> list[Any]:
        raise AttributeError(f"houses of a batch have no {method_name} of their own")

    @override
    def env_is_wrapped(self, wrapper_class: type[Any], indices: Indices = None) -> Sequence[bool]:
        return [False for _ in self._get_indices(indices)]
