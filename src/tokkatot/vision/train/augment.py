"""Varies training pictures: geometry, light and background, but not the hue, which is the sign."""

import torch
from torch.nn import functional

_TURN = 2 * torch.pi


class Varied:
    """Draws variations from one seeded generator."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def uniform(self, count: int, low: float, high: float) -> torch.Tensor:
        """Return numbers between two bounds."""
        return torch.rand(count, generator=self.generator) * (high - low) + low

    def chosen(self, count: int, share: float) -> torch.Tensor:
        """Return which of `count` are chosen, about `share` of them."""
        return torch.rand(count, generator=self.generator) < share

    def shuffled(self, count: int) -> torch.Tensor:
        """Return the numbers below `count` in another order."""
        return torch.randperm(count, generator=self.generator)

    def moved(self, pictures: torch.Tensor) -> torch.Tensor:
        """Turn, mirror, zoom, stretch and shift; a dropping has no right way up."""
        count = len(pictures)
        angle = self.uniform(count, 0, 1) * _TURN
        zoom = 1 / self.uniform(count, 0.85, 1.3)
        stretch = self.uniform(count, 0.88, 1.14)
        mirror = torch.where(self.chosen(count, 0.5), -1.0, 1.0)
        cosine, sine = angle.cos(), angle.sin()
        rows = torch.stack(
            (
                torch.stack((zoom * stretch * cosine * mirror, -zoom * sine), dim=1),
                torch.stack((zoom * stretch * sine * mirror, zoom * cosine), dim=1),
            ),
            dim=1,
        )
        shift = torch.stack((self.uniform(count, -0.1, 0.1), self.uniform(count, -0.1, 0.1)), dim=1)
        theta = torch.cat((rows, shift[:, :, None]), dim=2)
        grid = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
        return functional.grid_sample(
            pictures, grid, padding_mode="reflection", align_corners=False
        )

    def lit(self, pictures: torch.Tensor) -> torch.Tensor:
        """Change brightness, contrast, gamma and saturation, and the white balance a little."""
        count = len(pictures)

        def each(low: float, high: float) -> torch.Tensor:
            return self.uniform(count, low, high)[:, None, None, None]

        gains = 1 + (torch.rand((count, 3, 1, 1), generator=self.generator) - 0.5) * 0.08
        out = (pictures * gains * each(0.75, 1.25)).clamp(1e-3, 1) ** each(0.8, 1.25)
        mean = out.mean((1, 2, 3), keepdim=True)
        out = (out - mean) * each(0.8, 1.25) + mean
        grey = out.mean(1, keepdim=True)
        return ((out - grey) * each(0.85, 1.15) + grey).clamp(0, 1)

    def worn(self, pictures: torch.Tensor) -> torch.Tensor:
        """Soften some as a smaller rendering would, and add noise to some."""
        count, _, side, _ = pictures.shape
        small = int(self.uniform(1, 0.45, 0.9).item() * side)
        softened = functional.interpolate(
            functional.interpolate(pictures, size=(small, small), mode="bilinear", antialias=True),
            size=(side, side),
            mode="bilinear",
        )
        which = self.chosen(count, 0.25)[:, None, None, None]
        out = torch.where(which, softened, pictures)
        strength = self.uniform(count, 0, 0.03) * self.chosen(count, 0.3)
        noise = torch.randn(out.shape, generator=self.generator)
        return (out + noise * strength[:, None, None, None]).clamp(0, 1)

    def discs(
        self, count: int, side: int, *, radius: tuple[float, float], softness: float
    ) -> torch.Tensor:
        """Return masks that are 1 in the middle: anything from a disc to a square."""
        line = torch.linspace(-1, 1, side)
        power = self.uniform(count, 2, 8)[:, None, None]
        x = (line[None, None, :] - self.uniform(count, -0.08, 0.08)[:, None, None]).abs()
        y = (line[None, :, None] - self.uniform(count, -0.08, 0.08)[:, None, None]).abs()
        distance = (x**power + y**power) ** (1 / power)
        edge = self.uniform(count, *radius)[:, None, None]
        return ((edge - distance) / softness + 0.5).clamp(0, 1)[:, None]

    def elsewhere(self, pictures: torch.Tensor, *, share: float) -> torch.Tensor:
        """Put the middles of some pictures before the background of others."""
        count, _, side, _ = pictures.shape
        mask = self.discs(count, side, radius=(0.68, 0.95), softness=0.15)
        swapped = mask * pictures + (1 - mask) * pictures[self.shuffled(count)]
        return torch.where(self.chosen(count, share)[:, None, None, None], swapped, pictures)

    def without_middle(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return pictures whose middle is gone: a background, which is no dropping."""
        count, _, side, _ = pictures.shape
        plain = torch.rand((count, 3, 1, 1), generator=self.generator)
        grey = torch.rand((count, 1, 1, 1), generator=self.generator).expand(-1, 3, -1, -1)
        mean = pictures.mean((2, 3), keepdim=True)
        noise = torch.rand(pictures.shape, generator=self.generator)
        tiny = functional.interpolate(pictures, size=(4, 4), mode="area")
        blurred = functional.interpolate(tiny, size=(side, side), mode="bilinear")
        corner = side // 4
        ground = functional.interpolate(
            pictures[:, :, :corner, :corner], size=(side, side), mode="bilinear"
        )
        shape = pictures.shape
        fillings = torch.stack(
            [one.expand(shape) for one in (plain, grey, mean, mean, noise, blurred, ground)]
        )
        which = torch.randint(len(fillings), (count,), generator=self.generator)
        filling = fillings[which, torch.arange(count)]
        mask = self.discs(count, side, radius=(0.5, 0.85), softness=0.04)
        return mask * filling + (1 - mask) * pictures

    def spoiled(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return pictures that nobody could read: a strong cast, no colour, or no detail."""
        count, _, side, _ = pictures.shape
        # One channel loses half or more; a smaller cast is a white balance that a person reads.
        gains = torch.ones((count, 3, 1, 1))
        channel = torch.randint(3, (count,), generator=self.generator)
        gains[torch.arange(count), channel, 0, 0] = self.uniform(count, 0.05, 0.5)
        cast = (pictures * gains).clamp(0, 1)
        grey = pictures.mean(1, keepdim=True).expand(-1, 3, -1, -1)
        negative = 1 - pictures
        swapped = pictures[:, [2, 0, 1]]
        small = int(self.uniform(1, 4, 8).item())
        tiny = functional.interpolate(pictures, size=(small, small), mode="area")
        blurred = functional.interpolate(tiny, size=(side, side), mode="bilinear")
        dark = pictures * 0.08
        bright = (pictures * 0.3 + 0.8).clamp(0, 1)
        kinds = torch.stack((cast, cast, grey, negative, swapped, blurred, dark, bright))
        which = torch.randint(len(kinds), (count,), generator=self.generator)
        return kinds[which, torch.arange(count)]
