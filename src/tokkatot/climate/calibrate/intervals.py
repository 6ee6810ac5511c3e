"""How far fitted parameters may lie from the truth, where what a twin is off by lasts for hours.

The moments of a day are no independent witnesses, so how far a fit may be off is told by how it
moves without each day: the jackknife over days (CV3 of J. G. MacKinnon, M. Ø. Nielsen and
M. D. Webb, Cluster-robust inference: a guide to empirical practice, Journal of Econometrics 232,
2023, 272-299). Days are few, some tell more than others, and an error may last past midnight:
Student's t of the days less one then promises too much. How many of the jackknife's errors hold
the truth is reckoned from the slopes instead, for normal errors that last like those which the fit
left, as G. W. Imbens and M. Kolesár take their degrees of freedom from such errors (Robust standard
errors in small samples: some practical advice, Review of Economics and Statistics 98, 2016,
701-712). Their Student's t is too wide where one day tells the most, so it is the ratio's own
distribution, as B. E. Hansen has it (The exact distribution of the t-ratio with robust and
clustered standard errors, University of Wisconsin 2017).
"""

from math import exp, inf, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import matmul_toeplitz
from scipy.optimize import brentq
from scipy.stats import norm

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]

CONFIDENCE = 0.95
PARTNER = 0.3
"""Part of the direction that nobody can see, from which a parameter counts as part of it."""
BLIND = 1e-6
"""Days whose readings move by less of what they do on all days see nothing."""
_LOOKED_BACK_S = 43_200.0
"""Half a day: what comes round with each day is no error that lasts."""
_FADE_S: Numbers = 900.0 * 2 ** (np.arange(27) / 4)
"""From a quarter of an hour to a day."""
_LEAST = 1e-12
"""Variance that counts as left where nothing is."""
_FEWEST_ERRORS = float(norm.ppf(0.5 + CONFIDENCE / 2))
"""What a known error needs. Where less would do, one day tells nearly all, and nothing tells
whether errors were on that day as on the others."""
_MOST_ERRORS = 1e4
_ANGLES: Numbers = (np.arange(256) + 0.5) / 256 * pi / 2


def half_intervals(
    slopes: Numbers,
    off: Numbers,
    begun: Numbers,
    fitted: Marks,
    days: NDArray[np.int64],
    period_s: float,
) -> Numbers:
    """Return how far to either side each parameter may lie.

    Slopes are moments by readings by parameters; what the twin is off by, moments by readings, is
    not a number where nothing was read. A twin begins at what was read first, and the ground keeps
    that error for days: of it no day tells. So what readings change by, where the twin begins with
    another such error, moves the fit beside the rest. The plain interval, as if each reading erred
    anew, is the least.
    """
    told, left = slopes[fitted], off[fitted]
    # Of equal lengths, for parameters are of all sizes.
    lengths = np.sqrt(np.sum(told**2, axis=0))
    told = told / lengths
    inverse = np.linalg.inv(told.T @ told)
    plain = np.diag(inverse) * np.sum(left**2) / max(len(left) - len(lengths), 1)
    by_start = inverse @ told.T @ np.array([change[fitted] for change in begun]).T

    witnesses = np.where(fitted[..., None], slopes / lengths, 0.0)
    of_day = days == np.unique(days[fitted.any(axis=1)])[:, None]
    pulls = np.einsum("dt,trp,tr->dp", of_day, witnesses, np.where(fitted, off, 0.0)).ravel()
    without, untold = _without_each(witnesses, inverse, of_day)
    alike = _alike(witnesses, of_day, lasting(off, days, period_s))
    half = _FEWEST_ERRORS * np.sqrt(plain)
    for parameter, answer in enumerate(np.tile(inverse, len(of_day))):
        moves = without[:, parameter] * sqrt(1 - 1 / len(of_day))
        both = np.vstack((answer, moves))
        error = inf if untold[parameter] else sqrt(np.sum((moves @ pulls) ** 2))
        half[parameter] = max(half[parameter], error * errors_off(both @ alike @ both.T))
    return np.asarray(np.hypot(half, _FEWEST_ERRORS * np.linalg.norm(by_start, axis=1)) / lengths)


def _without_each(witnesses: Numbers, inverse: Numbers, of_day: Marks) -> tuple[Numbers, Marks]:
    """Return how far the fit moves without each day, and which parameters some day alone tells.

    The first is days by parameters by what moves them: what pulls at each parameter on each day.
    """
    parameters = len(inverse)
    every = np.eye(len(of_day) * parameters).reshape(len(of_day), parameters, -1)
    untold = np.zeros(parameters, np.bool_)
    without = []
    for marks, own in zip(of_day, every, strict=True):
        share = np.einsum("trp,trq->pq", witnesses[marks], witnesses[marks])
        others = witnesses[~marks].reshape(-1, parameters)
        _, singular, directions = np.linalg.svd(others, full_matrices=False)
        blind = singular < BLIND
        seen = directions[~blind] / singular[~blind, None]
        # What the others see nothing of must not pass for unmoved.
        untold |= np.any(np.abs(directions[blind]) > PARTNER, axis=0)
        without.append(seen.T @ seen @ (own - np.tile(share @ inverse, len(of_day))))
    return np.array(without), untold


def lasting(off: Numbers, days: NDArray[np.int64], period_s: float) -> Numbers:
    """Return how errors like these vary together, from none to all moments apart, by readings.

    A part is new at each moment, the rest fades (nugget and exponential of N. A. C. Cressie,
    Statistics for Spatial Data, Wiley 1993, section 2.3), by least squares to the autocorrelation.
    The first day counts for nothing.
    """
    known = np.isfinite(off) & (days > 0)[:, None]
    left = np.where(known, off, 0.0)
    variance = np.maximum(np.sum(left**2, axis=0) / np.maximum(known.sum(axis=0), 1), _LEAST)
    lags = np.arange(1, round(_LOOKED_BACK_S / period_s) + 1)
    pairs = np.array([np.sum(known[lag:] & known[:-lag], axis=0) for lag in lags])
    products = np.array([np.sum(left[lag:] * left[:-lag], axis=0) for lag in lags])
    seen = products / np.maximum(pairs, 1) / variance
    fading = np.exp(-np.outer(period_s / _FADE_S, lags))
    share = np.clip(fading @ (pairs * seen) / np.maximum(fading**2 @ pairs, _LEAST), 0.0, 1.0)
    missed = -2 * share * (fading @ (pairs * seen)) + share**2 * (fading**2 @ pairs)
    best = np.argmin(missed, axis=0)
    part = np.take_along_axis(share, best[None], axis=0)
    together = part * np.exp(-np.outer(np.arange(len(off)), period_s / _FADE_S[best]))
    together[0] = 1.0
    return np.asarray(variance * together)


def _alike(witnesses: Numbers, of_day: Marks, together: Numbers) -> Numbers:
    """Return how the pulls of days vary together, if errors do so."""
    parameters = witnesses.shape[-1]
    alike = []
    for marks in of_day:
        one = np.where(marks[:, None, None], witnesses, 0.0)
        felt = [
            matmul_toeplitz(fading, one[:, reading]) for reading, fading in enumerate(together.T)
        ]
        pulled = np.einsum("trp,rtq->tpq", witnesses, np.array(felt)).reshape(len(one), -1)
        alike.append((of_day.astype(np.float64) @ pulled).reshape(-1, parameters))
    return np.hstack(alike)


def errors_off(alike: Numbers) -> float:
    """Return how many errors off the first of normal values is at most, at this confidence.

    They vary together like this, and the error is the root of the sum of the others' squares.
    """
    sizes, directions = np.linalg.eigh(alike / alike[0, 0])
    root = directions * np.sqrt(np.maximum(sizes, 0.0))

    def too_many(logarithm: float) -> float:
        return beyond(exp(logarithm), root) - (1 - CONFIDENCE)

    fewest, most = log(_FEWEST_ERRORS), log(_MOST_ERRORS)
    if too_many(most) > 0:
        return inf
    if too_many(fewest) < 0:
        return _FEWEST_ERRORS
    return exp(brentq(too_many, fewest, most, xtol=1e-6))


def beyond(errors: float, root: Numbers) -> float:
    """Return how probably the first value is more than so many errors off.

    Its square less theirs is one weighted square of a normal value less others (J. P. Imhof,
    Computing the distribution of quadratic forms in normal variables, Biometrika 48, 1961,
    419-426); the integral of J. W. Craig (A new, simple and exact result for calculating the
    probability of error for two-dimensional signal constellations, MILCOM 1991) tells how often
    the one is more.
    """
    signs = np.full(len(root), -(errors**2))
    signs[0] = 1.0
    weights = np.linalg.eigvalsh(root.T @ (signs[:, None] * root))
    if weights[-1] <= 0:
        return 0.0
    against = np.maximum(-weights[:-1], 0.0) / weights[-1]
    parts = np.sqrt(1 + against / np.sin(_ANGLES[:, None]) ** 2)
    return float(np.mean(1 / np.prod(parts, axis=1)))
