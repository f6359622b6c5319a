"""Pairs (x, y) whose mutual information is known: the 40 tasks of Czyż et al., simulated, and the samples of 12 of them.

    task = mutual_information_task("spiral-multinormal-sparse-3-3-2-2.0")
    x, y = task.sample(2000, random_state=0)
    task.nats                                  # 1.0217

A name is read from its end: a distribution (normal, additive noise, bimodal, Student, multinormal) and, before it, maps of x
alone and of y alone, the outermost first; they leave I(X;Y) as it is.
"""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.data.files import DatasetUnavailable, PublishedFile
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_choice, check_count, check_dtype

Pairs = tuple[Tensor, Tensor]
# computed with the benchmark's own package and not published as files: there is nothing to download
VALUES = PublishedFile(
    "bmi/bmi_tasks.csv", 3_473, "2ed3be7139111eb7e173f6d65c58c6c8dd98af44e58c0f358e47944040e1ab6d", ()
)
SAMPLES = PublishedFile(
    "bmi/bmi_samples.npz", 294_766, "166fbe9f15d5098f03168590e8f678657bf448af29f3c4727b1debda19c9724a", ()
)
SAMPLED = (
    "1v1-normal-0.75",
    "1v1-bimodal-0.75",
    "wiggly-1v1-normal-0.75",
    "half_cube-1v1-normal-0.75",
    "swissroll_x-normal_cdf-1v1-normal-0.75",
    "1v1-additive-0.1",
    "student-identity-1-1-1",
    "asinh-student-identity-1-1-1",
    "student-identity-3-3-2",
    "multinormal-dense-2-2-0.5",
    "multinormal-sparse-3-3-2-2.0",
    "spiral-multinormal-sparse-3-3-2-2.0",
)
"""The tasks of which 2,000 pairs each, drawn by the benchmark's package, lie in ``bmi/bmi_samples.npz``."""


@dataclass(frozen=True)
class MutualInformationTask:
    """A joint distribution that can be sampled and whose mutual information is known."""

    name: str
    n_x: int
    n_y: int
    nats: float
    """I(X;Y) in closed form."""
    draw: Callable[[int, torch.Generator], Pairs]

    def sample(self, n: int, random_state: Seed, dtype: torch.dtype = torch.float32) -> Pairs:
        """x (n, n_x) and y (n, n_y): n independent pairs, computed in float64 on the generator's device.

        Raises
        ------
        ValueError, TypeError
            If n is not an integer of at least 1, or ``dtype`` neither float32 nor float64.
        """
        check_count("n", n)
        check_dtype(dtype)
        x, y = self.draw(n, as_generator(random_state))
        return x.to(dtype), y.to(dtype)


def mutual_information_task(name: str) -> MutualInformationTask:
    """The task of that name, such as "1v1-normal-0.75" or "asinh-student-identity-2-2-1"; sizes and parameters may be others.

    Distributions, with I in nats:

    - ``1v1-normal-ρ``: bivariate normal, -ln(1 - ρ²) / 2.
    - ``1v1-additive-ε``: x uniform on [0, 1], y = x + uniform on [-ε, ε]; ε - ln 2ε, or 1 / 4ε where ε > 1/2.
    - ``1v1-bimodal-ρ``: the normal's two variables mapped so that each is a mixture of two Gaussians.
    - ``multinormal-dense-n-m-ρ``: all n + m variables correlated by ρ.
    - ``multinormal-sparse-n-m-k-λ``: x_i and y_i correlated by λ² / (1 + λ²), i up to k, nothing else; -k ln(1 - ρ²) / 2.
    - ``student-identity-n-m-ν``: the multivariate Student distribution with ν degrees of freedom and identity dispersion: no
      correlation, but a common scale; h(x) + h(y) - h(x, y) by its entropy.

    Maps: ``normal_cdf`` (Φ), ``half_cube`` (x √|x|), ``asinh``, ``wiggly`` (sums of sines), ``swissroll_x`` (a roll in the
    plane of a uniform x), ``spiral`` (two coordinates turned by \\|x\\|² / n radians; of x the first two, of y the second
    and third).

    Raises
    ------
    ValueError
        If the name is none of these.

    References
    ----------
    Czyż, Grabowski, Vogt, Beerenwinkel & Marx, Beyond normal: on the evaluation of mutual information estimators, 2023;
    Arellano-Valle, Contreras-Reyes & Genton, Shannon entropy and mutual information for multivariate skew-elliptical
    distributions, 2013 (the Student distribution).
    """
    for prefix, (map_x, map_y) in MAPS.items():
        if isinstance(name, str) and name.startswith(f"{prefix}-"):
            base = mutual_information_task(name.removeprefix(f"{prefix}-"))
            if prefix == "spiral" and (base.n_x < 2 or base.n_y < 3):
                raise ValueError(f"a spiral turns 2 coordinates of x and the second and third of y, got the task {name!r}")
            if prefix == "swissroll_x" and not base.name.startswith("normal_cdf-1v1"):
                raise ValueError(f"a Swiss roll is made of a single uniform variable, got the task {name!r}")
            n_x = 2 if prefix == "swissroll_x" else base.n_x
            return MutualInformationTask(name, n_x, base.n_y, base.nats, _mapped(base, map_x, map_y))
    for pattern, make in DISTRIBUTIONS.items():
        if isinstance(name, str) and (found := re.fullmatch(pattern, name)):
            return make(name, *(float(one) if "." in one else int(one) for one in found.groups()))
    raise ValueError(f"there is no task {name!r}: a name is one of {', '.join(TASKS)}, or of that form")


def mutual_information_values(root: str | os.PathLike | None = None) -> dict[str, float]:
    """I(X;Y) in nats of the 40 tasks as the benchmark's own package computed them.

    Licence: MIT. Source: computed with the package of github.com/cbg-ethz/bmi, version 0.1.3, which publishes no such file:
    it is found in a local folder, ``bmi/bmi_tasks.csv``, or not at all. :func:`mutual_information_task` needs no file.

    Raises
    ------
    DatasetUnavailable
        If the file is not in the folder that ``root`` or ``LVMLIB_DATA`` names, or is another one.
    """
    with open(_found(VALUES, root), newline="", encoding="utf-8") as file:
        return {row["task"]: float(row["mutual_information_nats"]) for row in csv.DictReader(file)}


def mutual_information_samples(name: str, dtype: torch.dtype = torch.float32, root: str | os.PathLike | None = None) -> Pairs:
    """x (2000, n_x) and y (2000, n_y) of one of the 12 tasks in :data:`SAMPLED`, as the benchmark's package drew them.

    Licence and source: as :func:`mutual_information_values`, ``bmi/bmi_samples.npz``; simulated, not measured, data.

    Raises
    ------
    DatasetUnavailable
        If the file is not in the folder that ``root`` or ``LVMLIB_DATA`` names, or is another one.
    ValueError
        If there are no samples of that name.
    """
    check_choice("name", name, SAMPLED)
    check_dtype(dtype)
    with np.load(_found(SAMPLES, root), allow_pickle=False) as arrays:
        return tuple(torch.from_numpy(arrays[f"{name}|{variable}"]).to(dtype) for variable in "xy")


def _found(file: PublishedFile, root: str | os.PathLike | None) -> os.PathLike:
    try:
        return file.find(root)
    except DatasetUnavailable as error:
        if root is None and "is not to be had" in str(error):
            raise DatasetUnavailable(
                f"{file.path} was computed and is not published: set LVMLIB_DATA to a folder that holds it, or simulate the "
                "task, mutual_information_task(name).sample(n, seed)"
            ) from error
        raise


def _mapped(base: MutualInformationTask, map_x: Callable[[Tensor], Tensor], map_y: Callable[[Tensor], Tensor]):
    def draw(n: int, generator: torch.Generator) -> Pairs:
        x, y = base.draw(n, generator)
        return map_x(x), map_y(y)

    return draw


def _normal(name: str, rho: float) -> MutualInformationTask:
    return _gaussian(name, torch.tensor([[1.0, rho], [rho, 1.0]], dtype=torch.float64), 1)


def _dense(name: str, n_x: int, n_y: int, rho: float) -> MutualInformationTask:
    n = n_x + n_y
    return _gaussian(name, torch.eye(n, dtype=torch.float64) * (1 - rho) + rho, n_x)


def _sparse(name: str, n_x: int, n_y: int, n_pairs: int, strength: float) -> MutualInformationTask:
    if n_pairs > min(n_x, n_y):
        raise ValueError(f"{n_pairs} correlated pairs need as many coordinates of x and y, got {n_x} and {n_y} in {name!r}")
    covariance = torch.eye(n_x + n_y, dtype=torch.float64)
    pairs = torch.arange(n_pairs)
    covariance[pairs, n_x + pairs] = covariance[n_x + pairs, pairs] = strength**2 / (1 + strength**2)
    return _gaussian(name, covariance, n_x)


def _gaussian(name: str, covariance: Float[Tensor, "n n"], n_x: int) -> MutualInformationTask:
    """I = (ln |Σ_x| + ln |Σ_y| - ln |Σ|) / 2."""
    root, fault = torch.linalg.cholesky_ex(covariance)
    if fault:
        raise ValueError(f"the covariance of {name!r} is not positive definite: its correlation is too strong")
    parts = (covariance[:n_x, :n_x], covariance[n_x:, n_x:], covariance)
    of_x, of_y, of_both = (float(torch.logdet(part)) for part in parts)

    def draw(n: int, generator: torch.Generator) -> Pairs:
        z = torch.randn(n, len(root), generator=generator, dtype=torch.float64, device=generator.device)
        return (z @ root.to(z.device).T).tensor_split([n_x], dim=1)

    return MutualInformationTask(name, n_x, len(covariance) - n_x, (of_x + of_y - of_both) / 2, draw)


def _student(name: str, n_x: int, n_y: int, freedom: float) -> MutualInformationTask:
    if not freedom > 0:
        raise ValueError(f"degrees of freedom must be positive, got {freedom} in {name!r}")

    def draw(n: int, generator: torch.Generator) -> Pairs:
        z = torch.randn(n, n_x + n_y, generator=generator, dtype=torch.float64, device=generator.device)
        shape = torch.full((n, 1), freedom / 2, dtype=torch.float64, device=generator.device)
        scale = torch._standard_gamma(shape, generator=generator) / (freedom / 2)  # χ²_ν / ν
        return (z / scale.sqrt()).tensor_split([n_x], dim=1)

    entropies = (_student_entropy(n, freedom) for n in (n_x, n_y, n_x + n_y))
    of_x, of_y, of_both = entropies
    return MutualInformationTask(name, n_x, n_y, of_x + of_y - of_both, draw)


def _student_entropy(n: int, freedom: float) -> float:
    """Differential entropy of the n-dimensional Student distribution with identity dispersion, nats."""
    half, all_half = freedom / 2, (freedom + n) / 2
    digamma = torch.digamma(torch.tensor([all_half, half], dtype=torch.float64)).tolist()
    return math.lgamma(half) - math.lgamma(all_half) + n / 2 * math.log(freedom * math.pi) + all_half * (digamma[0] - digamma[1])


def _additive(name: str, noise: float) -> MutualInformationTask:
    if not noise > 0:
        raise ValueError(f"the noise of {name!r} must be positive")

    def draw(n: int, generator: torch.Generator) -> Pairs:
        x, u = torch.rand(2, n, 1, generator=generator, dtype=torch.float64, device=generator.device)
        return x, x + noise * (2 * u - 1)

    return MutualInformationTask(name, 1, 1, 1 / (4 * noise) if noise > 0.5 else noise - math.log(2 * noise), draw)


def _bimodal(name: str, rho: float) -> MutualInformationTask:
    base = _normal(name, rho)
    map_x, map_y = (lambda z: _to_mixture(z, 0.3, 0.0, 5.0)), (lambda z: _to_mixture(z, 0.5, -1.0, 3.0))
    return MutualInformationTask(name, 1, 1, base.nats, _mapped(base, map_x, map_y))


def _to_mixture(z: Tensor, weight: float, first: float, second: float) -> Tensor:
    """F⁻¹(Φ(z)), F of the mixture weight N(first, 1) + (1 - weight) N(second, 1): the root is halved in on."""
    probability = torch.special.ndtr(z)
    low, high = z + min(first, second) - 1, z + max(first, second) + 1  # F lies between the two components' functions
    for _ in range(60):
        middle = (low + high) / 2
        below = weight * torch.special.ndtr(middle - first) + (1 - weight) * torch.special.ndtr(middle - second) < probability
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


def _wiggly_x(x: Tensor) -> Tensor:
    return x + 0.4 * torch.sin(x) + 0.2 * torch.sin(1.7 * x + 1) + 0.03 * torch.sin(3.3 * x - 2.5)


def _wiggly_y(y: Tensor) -> Tensor:
    return y - 0.4 * torch.sin(0.4 * y) + 0.17 * torch.sin(1.3 * y + 3.5) + 0.02 * torch.sin(4.3 * y - 2.5)


def _half_cube(x: Tensor) -> Tensor:
    return x * x.abs().sqrt()


def _swiss_roll(x: Tensor) -> Tensor:
    angle = 1.5 * math.pi * (1 + 2 * x)
    return torch.cat([angle * angle.cos(), angle * angle.sin()], dim=1) / 21


def _spiral(x: Tensor, i: int, j: int) -> Tensor:
    """Coordinates i and j turned by |x|² / n radians: volumes stay, so that the map is invertible."""
    angle = x.square().sum(dim=1) / x.shape[1]
    turned = x.clone()
    turned[:, i] = angle.cos() * x[:, i] - angle.sin() * x[:, j]
    turned[:, j] = angle.sin() * x[:, i] + angle.cos() * x[:, j]
    return turned


MAPS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "normal_cdf": (torch.special.ndtr, torch.special.ndtr),
    "half_cube": (_half_cube, _half_cube),
    "asinh": (torch.asinh, torch.asinh),
    "wiggly": (_wiggly_x, _wiggly_y),
    "swissroll_x": (_swiss_roll, lambda y: y),
    "spiral": (lambda x: _spiral(x, 0, 1), lambda y: _spiral(y, 1, 2)),
}
NUMBER, INTEGER = r"(\d+(?:\.\d+)?)", r"([1-9]\d*)"
DISTRIBUTIONS: dict[str, Callable[..., MutualInformationTask]] = {
    rf"1v1-normal-{NUMBER}": _normal,
    rf"1v1-additive-{NUMBER}": _additive,
    rf"1v1-bimodal-{NUMBER}": _bimodal,
    rf"multinormal-dense-{INTEGER}-{INTEGER}-{NUMBER}": _dense,
    rf"multinormal-sparse-{INTEGER}-{INTEGER}-{INTEGER}-{NUMBER}": _sparse,
    rf"student-identity-{INTEGER}-{INTEGER}-{NUMBER}": _student,
}
_NORMAL, _STUDENT, _SPARSE = "1v1-normal-0.75", "student-identity-1-1-1", "multinormal-sparse-{0}-{0}-2-2.0"
TASKS: tuple[str, ...] = (
    *(_NORMAL, f"normal_cdf-{_NORMAL}", "1v1-additive-0.1", "1v1-additive-0.75", "1v1-bimodal-0.75", f"wiggly-{_NORMAL}"),
    *(f"half_cube-{_NORMAL}", _STUDENT, f"asinh-{_STUDENT}", f"swissroll_x-normal_cdf-{_NORMAL}"),
    *(f"multinormal-dense-{n}-{n}-0.5" for n in (2, 3, 5, 25, 50)),
    *(_SPARSE.format(n) for n in (2, 3, 5, 25)),
    *(f"student-identity-{n}-{n}-{freedom}" for n, freedom in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3))),
    *(
        prefix + _SPARSE.format(n)
        for prefix in ("normal_cdf-", "half_cube-", "spiral-", "spiral-normal_cdf-")
        for n in (3, 5, 25)
    ),
    *(f"asinh-student-identity-{n}-{n}-{freedom}" for n, freedom in ((2, 1), (3, 2), (5, 2))),
)
"""The benchmark's 40."""
