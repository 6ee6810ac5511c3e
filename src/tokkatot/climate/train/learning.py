"""Learns a policy by proximal policy optimisation; what was stopped goes on where it was."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecNormalize
from typing_extensions import override

from tokkatot.climate.env.many import ManyHouses
from tokkatot.climate.plan import Plan, PlanRefused, batch_of, digest_of, kind_of, learning_of
from tokkatot.climate.policy.card import House
from tokkatot.climate.train.vector import HousesVecEnv
from tokkatot.climate.weather.series import WeatherSeries

CHECKPOINT = "checkpoint.pt"

_SURE = {
    House.COOP: 1e-4,
    House.GREENHOUSE: 1e-4,
    House.TOMATO_BENCHMARK: 1e-4,
    House.LETTUCE: 1e-8,
}
"""What is added to a variance: what hardly moved in learning, as a price may, must not cry out when
it does. The benchmark tells vapour in kg/m³, so that all of it hardly moves."""

Count = Callable[[int, int], None]


class Learner:
    """A policy, its houses and how far it has come."""

    kept_as = CHECKPOINT

    def __init__(self, plan: Plan, weathers: Sequence[WeatherSeries]) -> None:
        """Begin anew by a plan."""
        self.how = how = learning_of(plan)
        torch.set_num_threads(how.threads)
        self.plan = plan
        self.many = ManyHouses(
            batch_of(plan, weathers, how.houses), np.random.default_rng(plan.seed)
        )
        self.env = VecNormalize(
            HousesVecEnv(self.many), gamma=how.discount, epsilon=_SURE[kind_of(plan)]
        )
        self.model = PPO(
            "MlpPolicy",
            self.env,
            # The last improvement comes after the plan's end: below zero it would unlearn.
            learning_rate=lambda left: how.rate * max(left, 0.0),
            n_steps=how.horizon,
            batch_size=how.batch,
            n_epochs=how.epochs,
            gamma=how.discount,
            gae_lambda=how.trace,
            clip_range=how.clip,
            ent_coef=how.entropy,
            policy_kwargs={"net_arch": list(how.layers), "log_std_init": how.boldness},
            seed=plan.seed,
            device="cpu",
        )

    @property
    def decisions(self) -> int:
        """How many it has learned from."""
        steps: int = self.model.num_timesteps
        return steps

    def learn(self, out: Path, count: Count) -> None:
        """Learn to the plan's end, from what the folder holds on.

        Raises:
            PlanRefused: where the folder holds a run of another plan.
        """
        out.mkdir(parents=True, exist_ok=True)
        if (out / CHECKPOINT).exists():
            self.recall(out / CHECKPOINT)
        left = self.how.steps - self.model.num_timesteps
        if left > 0:
            keeping = _Keeping(self, out / CHECKPOINT, count)
            self.model.learn(left, callback=keeping, reset_num_timesteps=False)
            self.keep(out / CHECKPOINT)
        count(self.how.steps, self.how.steps)

    def keep(self, path: Path) -> None:
        """Write all that learning goes on from."""
        model, env = self.model, self.env
        kept = {
            "plan": digest_of(self.plan),
            "steps": model.num_timesteps,
            "policy": model.policy.state_dict(),
            "optimizer": model.policy.optimizer.state_dict(),
            "scales": (env.obs_rms, env.ret_rms, env.returns),
            "seen": (model._last_obs, model._last_episode_starts),  # noqa: SLF001 - goes on with them
            "houses": self.many.memory(),
            "chance": (torch.get_rng_state(), np.random.get_state()),  # noqa: NPY002 - its learner's
        }
        beside = path.with_suffix(".new")
        torch.save(kept, beside)
        beside.replace(path)

    def recall(self, path: Path) -> None:
        """Go on from what was kept.

        Raises:
            PlanRefused: where it was kept under another plan.
        """
        # Written by `keep` alone: a run's folder is as much its owner's as this program.
        kept: dict[str, Any] = torch.load(path, weights_only=False)
        if kept["plan"] != digest_of(self.plan):
            raise PlanRefused(f"{path} was learned by another plan; name another folder.")
        model, env = self.model, self.env
        model.policy.load_state_dict(kept["policy"])
        model.policy.optimizer.load_state_dict(kept["optimizer"])
        model.num_timesteps = kept["steps"]
        env.reset()
        env.obs_rms, env.ret_rms, env.returns = kept["scales"]
        model._last_obs, model._last_episode_starts = kept["seen"]  # noqa: SLF001
        self.many.recall(kept["houses"])
        torch.set_rng_state(kept["chance"][0])
        np.random.set_state(kept["chance"][1])  # noqa: NPY002


class _Keeping(BaseCallback):
    """Keeps the run as it stands, every part of the whole, between two improvements."""

    def __init__(self, learner: Learner, path: Path, count: Count) -> None:
        super().__init__()
        self._learner = learner
        self._path = path
        self._count = count
        self._kept = learner.model.num_timesteps

    @override
    def _on_rollout_start(self) -> None:
        how = self._learner.how
        if self.num_timesteps - self._kept >= how.steps / how.checkpoints:
            self._learner.keep(self._path)
            self._kept = self.num_timesteps

    @override
    def _on_step(self) -> bool:
        steps = self._learner.how.steps
        if self.num_timesteps < steps:
            self._count(self.num_timesteps, steps)
        return True
