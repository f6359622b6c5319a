"""Linear-Gaussian hierarchies, of which ln p(x) and the posterior are known:

    z_L ~ N(0, I),    z_l = W_{l+1} z_{l+1} + b_l + s_l ε_l,    x = W_1 z_1 + b_0 + s_0 ε_0

The weights W are chosen so that q's diagonal Gaussians can be exact, in the order in which q draws the layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from lvmlib.amortized.hierarchical import HierarchicalVAE, StochasticLayer
from lvmlib.amortized.stochastic_layer import StandardNormal
from lvmlib.networks import ToGaussian, ToGaussianOfOneScale

WIDTHS = (6, 4, 3, 2)
"""Of x, z_1, z_2, z_3."""


@dataclass(frozen=True)
class LinearHierarchy:
    weights: list[Tensor]
    """W_1, ..., W_L."""
    offsets: list[Tensor]
    """b_0, ..., b_{L-1}."""
    scales: list[Tensor]
    """s_0 (one number for all of x), ..., s_{L-1}."""

    @property
    def n_layers(self) -> int:
        return len(self.weights)

    def log_marginal(self, x: Tensor) -> Tensor:
        """ln p(x): x is Gaussian."""
        mean, covariance = torch.zeros(self.weights[-1].shape[1]).double(), torch.eye(self.weights[-1].shape[1]).double()
        for weight, offset, scale in zip(reversed(self.weights), reversed(self.offsets), reversed(self.scales)):
            noise = scale.expand(len(weight)).square().diag()
            mean, covariance = weight @ mean + offset, weight @ covariance @ weight.T + noise
        return MultivariateNormal(mean, covariance).log_prob(x)

    def evidence(self, l: int) -> tuple[Tensor, Tensor, Tensor]:
        """p(x|z_l) as a function of z_l: N(A x + a, Λ⁻¹), with A, a and the precision Λ."""
        path, offset, noise = torch.eye(len(self.weights[0])).double(), torch.zeros(len(self.weights[0])).double(), 0
        for weight, b, scale in zip(self.weights[:l], self.offsets, self.scales):
            noise = noise + path @ scale.expand(len(weight)).square().diag() @ path.T
            offset, path = offset + path @ b, path @ weight
        precision = path.T @ torch.linalg.solve(noise, path)
        gain = torch.linalg.solve(precision, torch.linalg.solve(noise, path).T)
        return gain, -gain @ offset, precision

    def model(self, inference: str) -> HierarchicalVAE:
        """With the exact posterior set into the layers."""
        layers, bottom_up = [], []
        for l in range(1, self.n_layers + 1):
            n_below, n = self.weights[l - 1].shape
            is_top = l == self.n_layers
            prior = StandardNormal(n) if is_top else linear_gaussian(self.weights[l], self.offsets[l], self.scales[l])
            to_evidence = {"ladder": self._ladder, "residual": self._residual, "bottom_up": self._bottom_up}[inference](l)
            layers.append(StochasticLayer(n, prior, to_evidence, nn.Identity(), inference, markov=True))
            bottom_up.append(nn.Identity())
        decoder = linear_map(self.weights[0], self.offsets[0])
        head = ToGaussianOfOneScale(decoder, self.scales[0].item(), learned=False).double()
        with torch.no_grad():
            head.log_scale.copy_(self.scales[0].log())
        return HierarchicalVAE(bottom_up, layers, head, WIDTHS[-1]).double()

    def _ladder(self, l: int) -> nn.Module:
        gain, offset, precision = self.evidence(l)
        return linear_gaussian(gain, offset, diagonal(precision).rsqrt())

    def _residual(self, l: int) -> nn.Module:
        """Δ = Λ/(Λ + 1/s²) (A x + a - prior mean), f = 1/√(1 + s² Λ), of (h, x); h is z_{l+1}, at the top something constant."""
        gain, offset, precision = self.evidence(l)
        precision = diagonal(precision)
        if l == self.n_layers:
            weight, b, scale = torch.zeros(len(gain), WIDTHS[-1]).double(), torch.zeros(len(gain)).double(), torch.ones(1).double()
        else:
            weight, b, scale = self.weights[l], self.offsets[l], self.scales[l]
        share = precision / (precision + scale**-2)
        of_h_and_x = share[:, None] * torch.cat([-weight, gain], dim=1)
        return linear_gaussian(of_h_and_x, share * (offset - b), (1 + scale.square() * precision).rsqrt())

    def _bottom_up(self, l: int) -> nn.Module:
        """p(z_l|z_{l-1}), with x for z_0: the chain read upwards is Markov too."""
        mean, covariance = torch.zeros(self.weights[-1].shape[1]).double(), torch.eye(self.weights[-1].shape[1]).double()
        for weight, b, scale in list(zip(self.weights, self.offsets, self.scales))[: l - 1 : -1]:
            mean, covariance = weight @ mean + b, weight @ covariance @ weight.T + scale.square().diag()
        weight, b, scale = self.weights[l - 1], self.offsets[l - 1], self.scales[l - 1].expand(len(self.weights[l - 1]))
        precision = torch.linalg.inv(covariance) + weight.T @ (weight / scale.square()[:, None])
        gain = torch.linalg.solve(precision, (weight / scale.square()[:, None]).T)
        offset = torch.linalg.solve(precision, torch.linalg.solve(covariance, mean)) - gain @ b
        return linear_gaussian(gain, offset, diagonal(precision).rsqrt())


def diagonal(matrix: Tensor) -> Tensor:
    """Its diagonal, once it is known that there is nothing else."""
    assert (matrix - matrix.diag().diag()).abs().max() < 1e-10 * matrix.abs().max()
    return matrix.diag()


def linear_map(weight: Tensor, offset: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], len(weight)).double()
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(offset)
    return layer


def linear_gaussian(weight: Tensor, offset: Tensor, scale: Tensor) -> ToGaussian:
    """N(W h + b, scale²)."""
    return ToGaussian(linear_map(torch.cat([weight, torch.zeros_like(weight)]), torch.cat([offset, scale.expand(len(weight)).log()])))


def exactly_inferred(inference: str, seed: int = 3) -> LinearHierarchy:
    """Random, of WIDTHS, and such that the posterior of each layer given those drawn before is diagonal."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def columns(rows: int, n: int) -> Tensor:
        return torch.linalg.qr(draw(rows, n)).Q

    pairs = list(zip(WIDTHS, WIDTHS[1:]))
    offsets = [draw(n) for n in WIDTHS[:-1]]
    scales = [torch.tensor([0.6]).double(), *(0.4 + draw(n).abs() for n in WIDTHS[1:-1])]
    weights: list[Tensor] = []
    if inference != "bottom_up":
        for rows, n in pairs:  # Λ_1, Λ_2, ... diagonal
            so_far = LinearHierarchy(weights, offsets, scales)
            root = torch.eye(rows).double() / 0.6 if not weights else torch.linalg.cholesky(_precision_of(so_far, len(weights)))
            weights.append(torch.linalg.solve(root.T, columns(rows, n) * (0.5 + draw(n).abs())))
        return LinearHierarchy(weights, offsets, scales)
    covariance = torch.eye(WIDTHS[-1]).double()
    for (rows, n), scale in reversed(list(zip(pairs, scales))):
        inverse = torch.linalg.inv(covariance)
        wanted = (torch.linalg.eigvalsh(inverse).max() + 0.5 + draw(n).abs()).diag()  # of z_l given z_{l-1}
        root = torch.linalg.cholesky(wanted - inverse)
        weight = scale.expand(rows)[:, None] * columns(rows, n) @ root.T
        weights.insert(0, weight)
        covariance = weight @ covariance @ weight.T + scale.expand(rows).square().diag()
    return LinearHierarchy(weights, offsets, scales)


def _precision_of(hierarchy: LinearHierarchy, n_layers: int) -> Tensor:
    """Of what x says of the mean of z_l, l = n_layers: the noise of z_l is between."""
    _, _, precision = hierarchy.evidence(n_layers)
    noise = hierarchy.scales[n_layers].square().diag()
    return torch.linalg.inv(torch.linalg.inv(precision) + noise)
