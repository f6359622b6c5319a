"""The layers of BIVA: z_l = (z_l^BU, z_l^TD) below the top, one half drawn on the way up, one on the way down, and z_L.

    up      b_l = f_l(z_{l-1}^BU, b_{l-1}, t_{l-1}),   t_l = g_l(t_{l-1}, b_l),   z_l^BU ~ q(z_l^BU|b_l)
    top     z_L ~ q(z_L|b_L, t_L),    h_{L-1} = s_L(z_L)
    down    p(z_l^BU|h_l) p(z_l^TD|h_l),   z_l^TD ~ q(z_l^TD|h_l, t_l),   h_{l-1} = s_l(h_l, z_l^BU, z_l^TD)

with b_1 = f_1(x) and t_1 = g_1(x, b_1). t_l is the half of the way up that hands x and the z_{<l}^BU to q(z_l^TD); neither b
nor t has seen a z^TD. Maaløe, Fraccaro, Liévin & Winther, BIVA, 2019, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lvmlib.distributions import DiagonalGaussian
from lvmlib.model import Distribution
from lvmlib.validation import check_at_least


class Joined(nn.Module):
    """A network of one row, called with several: (..., n_1), (..., n_2), ..., side by side; leading dimensions broadcast."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *rows: Tensor) -> Tensor | Distribution:
        return self.network(torch.cat(broadcast(rows), dim=-1))


def broadcast(rows: Sequence[Tensor]) -> list[Tensor]:
    """Their leading dimensions made equal: K samples of some, one of others."""
    shape = torch.broadcast_shapes(*(row.shape[:-1] for row in rows))
    return [row.expand(*shape, -1) for row in rows]


class BivaLayer(nn.Module):
    """z_l = (z_l^BU, z_l^TD) of a layer below the top, of networks that are given; several arguments broadcast.

    Parameters
    ----------
    n_bottom_up, n_top_down
        Dimensions of z_l^BU and of z_l^TD.
    rise_bottom_up
        b_l of (z_{l-1}^BU, b_{l-1}, t_{l-1}); of x where l = 1.
    rise_top_down
        t_l of (t_{l-1}, b_l); of (x, b_1) where l = 1.
    to_bottom_up
        q(z_l^BU|b_l), a DiagonalGaussian.
    to_top_down
        q(z_l^TD|h_l, t_l).
    to_prior
        p(z_l^BU, z_l^TD|h_l): one DiagonalGaussian of n_bottom_up + n_top_down dimensions.
    to_state
        h_{l-1} of (h_l, z_l^BU, z_l^TD).

    Raises
    ------
    ValueError
        If a number of dimensions is below 1.
    """

    def __init__(
        self,
        n_bottom_up: int,
        n_top_down: int,
        rise_bottom_up: nn.Module,
        rise_top_down: nn.Module,
        to_bottom_up: nn.Module,
        to_top_down: nn.Module,
        to_prior: nn.Module,
        to_state: nn.Module,
    ) -> None:
        super().__init__()
        check_at_least("n_bottom_up", n_bottom_up, 1)
        check_at_least("n_top_down", n_top_down, 1)
        self.n_bottom_up, self.n_top_down = n_bottom_up, n_top_down
        self.rise_bottom_up, self.rise_top_down = rise_bottom_up, rise_top_down
        self.to_bottom_up, self.to_top_down = to_bottom_up, to_top_down
        self.to_prior, self.to_state = to_prior, to_state

    def priors(self, h: Tensor) -> tuple[DiagonalGaussian, DiagonalGaussian]:
        """p(z_l^BU|h_l) and p(z_l^TD|h_l): independent given the layers above."""
        both, n = self.to_prior(h), self.n_bottom_up
        mean, log_scale = both.mean, both.log_scale
        return DiagonalGaussian(mean[..., :n], log_scale[..., :n]), DiagonalGaussian(mean[..., n:], log_scale[..., n:])


class TopLayer(nn.Module):
    """z_L, with p(z_L) = N(0, I); of networks that are given.

    Parameters
    ----------
    n_latent
        Dimensions of z_L.
    rise_bottom_up, rise_top_down
        b_L and t_L, as in :class:`BivaLayer`.
    to_posterior
        q(z_L|b_L, t_L), a DiagonalGaussian.
    to_state
        h_{L-1} of z_L.

    Raises
    ------
    ValueError
        If ``n_latent`` is below 1.
    """

    def __init__(
        self, n_latent: int, rise_bottom_up: nn.Module, rise_top_down: nn.Module, to_posterior: nn.Module, to_state: nn.Module
    ) -> None:
        super().__init__()
        check_at_least("n_latent", n_latent, 1)
        self.n_latent = n_latent
        self.rise_bottom_up, self.rise_top_down = rise_bottom_up, rise_top_down
        self.to_posterior, self.to_state = to_posterior, to_state
        self.register_buffer("zero", torch.zeros(n_latent), persistent=False)

    def prior(self) -> DiagonalGaussian:
        """p(z_L)."""
        return DiagonalGaussian(self.zero, self.zero)
