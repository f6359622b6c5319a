"""Linear layers of a flow: each feature shifted and scaled, the features permuted, or mixed by an invertible matrix."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import as_data, check_count

Values = Float[Tensor, "*batch n_features"]
LogDet = Float[Tensor, "*batch"]


class ActivationNormalization(nn.Module):
    """z_d = (x_d - shift_d) e^{-log_scale_d}; its log-determinant is -Σ_d log_scale_d.

    ``start_at(x)`` sets both so that the features of x get mean 0 and variance 1; it begins as the identity.

    References
    ----------
    Kingma & Dhariwal, Glow, 2018, section 3.1.
    """

    def __init__(self, n_features: int) -> None:
        super().__init__()
        check_count("n_features", n_features)
        self.n_features = n_features
        self.shift = nn.Parameter(torch.zeros(n_features))
        self.log_scale = nn.Parameter(torch.zeros(n_features))

    @torch.no_grad()
    def start_at(self, x: Float[Tensor, "batch n_features"]) -> None:
        """Mean 0 and variance 1 of the columns of x; no column is scaled by less than 1/100 of the greatest deviation.

        Raises
        ------
        ValueError
            If x has another number of columns, or holds NaN.
        """
        x = as_data(x, self.n_features)
        deviation = x.std(dim=0, correction=0)
        greatest = deviation.max()
        deviation = torch.maximum(deviation, greatest / 100) if greatest > 0 else torch.ones_like(deviation)
        self.shift.copy_(x.mean(dim=0))
        self.log_scale.copy_(deviation.log())

    def forward(self, x: Values, context: Tensor | None = None) -> tuple[Values, LogDet]:
        """z and ln |det ∂z/∂x|; the context isn't looked at."""
        return (x - self.shift) * (-self.log_scale).exp(), -self.log_scale.sum().expand(x.shape[:-1])

    def inverse(self, z: Values, context: Tensor | None = None) -> tuple[Values, LogDet]:
        """x and ln |det ∂x/∂z|."""
        return z * self.log_scale.exp() + self.shift, self.log_scale.sum().expand(z.shape[:-1])


class Permutation(nn.Module):
    """z_d = x_{order_d}: log-determinant 0.

    Parameters
    ----------
    order : (n_features,)
        Each of 0, ..., n_features - 1 once.

    Raises
    ------
    ValueError
        If it is no permutation.
    """

    order: Tensor
    back: Tensor

    def __init__(self, order: Tensor) -> None:
        super().__init__()
        order = torch.as_tensor(order)
        every = torch.arange(order.numel(), device=order.device)
        if order.ndim != 1 or len(order) == 0 or not torch.equal(order.sort().values, every):
            raise ValueError(f"order must hold each of 0, ..., n_features - 1 once, got {order.tolist()}")
        self.n_features = len(order)
        self.register_buffer("order", order)
        self.register_buffer("back", order.argsort())

    @classmethod
    def drawn(cls, n_features: int, random_state: Seed) -> Permutation:
        """One of all permutations, each as likely."""
        check_count("n_features", n_features)
        return cls(torch.randperm(n_features, generator=as_generator(random_state)))

    def forward(self, x: Values, context: Tensor | None = None) -> tuple[Values, LogDet]:
        """The features in the new order, and zeros."""
        return x[..., self.order], x.new_zeros(x.shape[:-1])

    def inverse(self, z: Values, context: Tensor | None = None) -> tuple[Values, LogDet]:
        """The features in the old order, and zeros."""
        return z[..., self.back], z.new_zeros(z.shape[:-1])


class InvertibleLinear(nn.Module):
    """z = W x with W = P L U: its log-determinant is Σ_d ln |U_dd|, found without a determinant.

    P is a permutation that stays as it is drawn, L lower triangular with ones on its diagonal, U upper triangular; at
    the start L = U = I, so that the layer permutes. The diagonal of U is e^{log_diagonal}: positive, so W stays invertible.

    References
    ----------
    Kingma & Dhariwal, Glow, 2018, section 3.2.
    """

    order: Tensor
    back: Tensor

    def __init__(self, n_features: int, random_state: Seed) -> None:
        super().__init__()
        check_count("n_features", n_features)
        self.n_features = n_features
        order = torch.randperm(n_features, generator=as_generator(random_state))
        self.register_buffer("order", order)
        self.register_buffer("back", order.argsort())
        self.off_diagonal = nn.Parameter(torch.zeros(n_features, n_features))
        """L below the diagonal, U above it; the diagonal itself is not used."""
        self.log_diagonal = nn.Parameter(torch.zeros(n_features))

    def _triangles(self) -> tuple[Tensor, Tensor]:
        ones = torch.ones_like(self.log_diagonal).diag_embed()
        return self.off_diagonal.tril(-1) + ones, self.off_diagonal.triu(1) + self.log_diagonal.exp().diag_embed()

    def forward(self, x: Values, context: Tensor | None = None) -> tuple[Values, LogDet]:
        """z and ln |det ∂z/∂x|; the context isn't looked at."""
        lower, upper = self._triangles()
        return (x @ upper.mT @ lower.mT)[..., self.order], self.log_diagonal.sum().expand(x.shape[:-1])

    def inverse(self, z: Values, context: Tensor | None = None) -> tuple[Values, LogDet]:
        """x = U⁻¹ L⁻¹ P⁻¹ z, by two triangular systems, and ln |det ∂x/∂z|."""
        lower, upper = self._triangles()
        rows = z[..., self.back].reshape(-1, self.n_features).mT
        rows = torch.linalg.solve_triangular(lower, rows, upper=False, unitriangular=True)
        rows = torch.linalg.solve_triangular(upper, rows, upper=True)
        return rows.mT.reshape(z.shape), -self.log_diagonal.sum().expand(z.shape[:-1])
