"""The fused pass for full covariances of many columns, or of components too narrow for quadratic features."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.exact.mixture.assignment import NEGLIGIBLE
from lvmlib.products import product


class StackedPass:
    """By inverse Cholesky factors: ln p(x, k) needs |y_k|² of y_k = L_k⁻¹ (x - μ_k).

    The first rows of y_k already bound ln p(x, k) from above. Where that bound lies so far
    below another component that the responsibility is zero in any case (NEGLIGIBLE), the
    rest is left out, and so are these examples from k's moments: with many columns, most.

    The moments are taken of y_k, in each component's own coordinates, where they are of order
    1 however narrow the component, and turned back in float64. A row of ones stands above x and
    above y: a product then adds the shift, and that of √r (1, y) with itself, which is
    symmetric and half the work, holds n_k, Σ r y and Σ r y yᵀ.
    """

    ROWS, ROWS_APART = 512, 2048
    """Of a chunk that should lie in the cache with its y of all components; of one of which little is left."""
    ALL_FROM = 0.6
    """Share of a chunk from which gathering its columns costs more than it spares."""
    OVERLAPPING = 0.3
    """Share of components, beside the likely one, that matter to an example; from there on none is left out."""

    def __init__(
        self,
        log_weights: Float[Tensor, " components"],
        means: Float[Tensor, "components features"],
        scale: Float[Tensor, "components features features"],
        dtype: torch.dtype,
        every: bool = False,
    ) -> None:
        """With ``every``, nothing is left out: for responsibilities that are not those of this log joint."""
        self.dtype, self.means, self.scale, self.rows, self.every = dtype, means, scale, self.ROWS, every
        n_components, width = means.shape
        self.first = max(1, width // 4)
        self.half = width // 2 if width >= 32 else 0
        identity = torch.eye(width, dtype=scale.dtype, device=scale.device)
        inverse = torch.linalg.solve_triangular(scale, identity.expand_as(scale), upper=False)
        shift = -(inverse @ means[:, :, None])
        self.inverse = torch.cat([shift, inverse], dim=2).to(dtype)  # (components, features, 1 + features)
        first = self.first
        self.first_inverse = self.inverse[:, :first, : 1 + first].reshape(-1, 1 + first)  # stacked: one product for all
        log_determinant = 2 * scale.diagonal(dim1=-2, dim2=-1).log().sum(dim=1)
        self.constant = (log_weights - 0.5 * (width * math.log(2 * math.pi) + log_determinant)).to(dtype)[:, None]
        self._buffer: Tensor | None = None
        self.moments = torch.zeros(n_components, 1 + width, 1 + width, dtype=torch.float64, device=means.device)

    def load(self, x: Float[Tensor, "features rows"]) -> None:
        n_components, (width, rows) = len(self.constant), x.shape
        shape = (1 + n_components if self.every else 1, 1 + width, rows)
        if self._buffer is None or self._buffer.shape != shape:  # the last chunk is shorter
            self._buffer = x.new_ones(shape)
        self.x = self._buffer[0]
        self.x[1:] = x
        self.completed: list[tuple[Tensor | None, Tensor] | None] = [None] * n_components
        if self.every:
            self._complete_all()
            return

        begun = product(self.first_inverse, self.x[: 1 + self.first])
        self.begun = begun.view(n_components, self.first, rows)
        # an upper bound now; exact below where it can matter
        self._log_joint = torch.add(self.constant, self.begun.square().sum(dim=1), alpha=-0.5)
        likely = self._log_joint == self._log_joint.amax(dim=0)
        for component, count in enumerate(_counts(likely, self.dtype)):
            if count:
                self._complete(component, likely[component], count)
        reached = torch.where(likely, self._log_joint, -math.inf).amax(dim=0)  # no greater than the greatest ln p(x, k)
        needed = self._log_joint >= reached + math.log(NEGLIGIBLE[self.dtype])
        counts = _counts(needed, self.dtype)
        if sum(counts) - rows > self.OVERLAPPING * (needed.numel() - rows):  # then so will the next chunks be
            self.every = True
        else:
            self.rows = self.ROWS_APART
        for component, count in enumerate(counts):
            done = self.completed[component]
            if count and (done is None or done[0] is not None):
                self._complete(component, needed[component] | likely[component], count)

    def _complete_all(self) -> None:
        squares, half = self.x.new_empty(len(self.constant), self.x.shape[1]), self.half
        for component, (inverse, y) in enumerate(zip(self.inverse, self._buffer[1:])):
            if half:  # the upper right quarter of the triangle is zero
                product(inverse[:half, : 1 + half], self.x[: 1 + half], out=y[1 : 1 + half])
                product(inverse[half:], self.x, out=y[1 + half :])
            else:
                product(inverse, self.x, out=y[1:])
            torch.sum(y[1:].square(), dim=0, out=squares[component])
            self.completed[component] = (None, y)
        self._log_joint = torch.add(self.constant, squares, alpha=-0.5)

    def _complete(self, component: int, chosen: Tensor, count: int) -> None:
        """y_k and ln p(x, k) for these examples of the chunk; for all where they are most."""
        rows = chosen.nonzero()[:, 0] if count < self.ALL_FROM * self.x.shape[1] else None
        x, begun = self.x, self.begun[component]
        if rows is not None:
            x, begun = x.index_select(1, rows), begun.index_select(1, rows)
        y = torch.cat([x[:1], begun, product(self.inverse[component, self.first :], x)])
        log_joint = torch.add(self.constant[component], y[1:].square().sum(dim=0), alpha=-0.5)
        if rows is None:
            self._log_joint[component] = log_joint
        else:
            self._log_joint[component].index_copy_(0, rows, log_joint)
        self.completed[component] = (rows, y)

    def log_joint(self) -> Float[Tensor, "components rows"]:
        """Overwritten by the assignment: what is less than ``NEGLIGIBLE`` is only an upper bound."""
        return self._log_joint

    def accumulate(self, responsibilities: Float[Tensor, "components rows"]) -> None:
        for component, (root, done) in enumerate(zip(responsibilities.sqrt(), self.completed)):
            if done is None:
                continue
            rows, y = done
            weighted = y * (root if rows is None else root.index_select(0, rows))
            self.moments[component] += product(weighted, weighted.T)

    def statistics(self) -> dict[str, Tensor]:
        """counts (K,), sums (K, D), second (K, D, D): of x = μ_k + L_k y."""
        counts, means, second = self.moments[:, 0, 0], self.means, self.moments[:, 1:, 1:]
        shifts = (self.scale @ self.moments[:, 1:, :1])[:, :, 0]  # Σ r (x - μ)
        cross = shifts[:, :, None] * means[:, None, :]
        square = counts[:, None, None] * means[:, :, None] * means[:, None, :]
        return {
            "counts": counts,
            "sums": shifts + counts[:, None] * means,
            "second": self.scale @ second @ self.scale.mT + cross + cross.mT + square,
        }


def _counts(chosen: Tensor, dtype: torch.dtype) -> list[int]:
    """How many examples of each component; a sum of truth values is slower than one of numbers."""
    return [int(count) for count in chosen.to(dtype).sum(dim=1).tolist()]
