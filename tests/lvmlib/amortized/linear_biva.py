"""BIVA with every conditional linear-Gaussian, and what follows from it in closed form: ln p(x), E_q ln w and every L^{>k}.

A conditional is p(y | parents) = N(Σ_i W_i parent_i + c, diag(s²)). Latents are named up1, down1, up2, ..., top.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from lvmlib.amortized.biva import BIVA, BivaLayer, TopLayer
from lvmlib.amortized.biva_layers import Joined
from lvmlib.networks import ToGaussian


@dataclass(frozen=True)
class Conditional:
    weights: dict[str, Tensor]
    """By the name of the parent, (n, n_parent)."""
    offset: Tensor
    scale: Tensor

    def module(self, parents: list[str], widths: dict[str, int]) -> Joined:
        """Called with what the network is given: ``parents`` side by side, those it does not depend on at weight zero."""
        n = len(self.offset)
        linear = nn.Linear(sum(widths[name] for name in parents), 2 * n, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.zero_()
            at = 0
            for name in parents:
                if name in self.weights:
                    linear.weight[:n, at : at + widths[name]] = self.weights[name]
                at += widths[name]
            linear.bias.copy_(torch.cat([self.offset, self.scale.log()]))
        assert set(self.weights) <= set(parents)
        return Joined(ToGaussian(nn.Sequential(linear)))


class Joint:
    """Mean and covariance of variables added one after another, each linear in those before."""

    def __init__(self) -> None:
        self.mean, self.covariance, self.at = torch.zeros(0).double(), torch.zeros(0, 0).double(), {}

    def indices(self, names: list[str]) -> list[int]:
        return [index for name in names for index in range(*self.at[name])]

    def matrix(self, weights: dict[str, Tensor], n: int) -> Tensor:
        whole = torch.zeros(n, len(self.mean)).double()
        for name, weight in weights.items():
            whole[:, slice(*self.at[name])] += weight
        return whole

    def add(self, name: str, given: Conditional) -> None:
        w = self.matrix(given.weights, len(given.offset))
        cross = w @ self.covariance
        noise = given.scale.square().diag()
        self.at[name] = (len(self.mean), len(self.mean) + len(given.offset))
        self.covariance = torch.cat(
            [torch.cat([self.covariance, cross.T], 1), torch.cat([cross, cross @ w.T + noise], 1)]
        )
        self.mean = torch.cat([self.mean, w @ self.mean + given.offset])

    def expected_log_density(self, name: str, given: Conditional) -> Tensor:
        """E ln N(y; Σ W parent + c, s²) where y is the variable of that name."""
        residual = -self.matrix(given.weights, len(given.offset))
        residual[:, slice(*self.at[name])] += torch.eye(len(given.offset)).double()
        mean = residual @ self.mean - given.offset
        square = mean.square() + (residual @ self.covariance @ residual.T).diag()
        return -(0.5 * square / given.scale.square() + given.scale.log() + 0.5 * math.log(2 * math.pi)).sum()

    def conditional(self, name: str, parents: list[str]) -> tuple[Conditional, Tensor]:
        """p(name | parents) and its whole covariance."""
        of, by = self.indices([name]), self.indices(parents)
        gain = torch.linalg.solve(self.covariance[by][:, by], self.covariance[by][:, of]).T
        covariance = self.covariance[of][:, of] - gain @ self.covariance[by][:, of]
        weights = dict(zip(parents, gain.split([self.at[p][1] - self.at[p][0] for p in parents], dim=1)))
        return Conditional(weights, self.mean[of] - gain @ self.mean[by], covariance.diag().sqrt()), covariance


@dataclass(frozen=True)
class LinearBIVA:
    n_layers: int
    p: dict[str, Conditional]
    """Of top, down and up of each layer, and x."""
    q: dict[str, Conditional]

    def read_up(self, l: int) -> list[str]:
        """What b_l and t_l hold."""
        return [f"up{i}" for i in reversed(range(1, l))] + ["x"]

    def read_down(self, l: int) -> list[str]:
        """What h_l holds."""
        return ["top"] + [f"{path}{i}" for i in reversed(range(l + 1, self.n_layers)) for path in ("up", "down")]

    @property
    def widths(self) -> dict[str, int]:
        return {name: len(one.offset) for name, one in self.p.items()}

    def model(self) -> BIVA:
        layers, widths = [], self.widths
        for l in range(1, self.n_layers + 1):
            rise = FirstOf(1 if l == 1 else 2), SecondOf()
            if l == self.n_layers:
                q = ReadFirst(self.q["top"].module(self.read_up(l), widths))
                layers.append(TopLayer(widths["top"], *rise, q, FirstOf(1)))
                continue
            p_up, p_down = self.p[f"up{l}"], self.p[f"down{l}"]
            both = Conditional(
                {name: torch.cat([p_up.weights[name], p_down.weights[name]]) for name in p_up.weights},
                torch.cat([p_up.offset, p_down.offset]),
                torch.cat([p_up.scale, p_down.scale]),
            )
            layers.append(
                BivaLayer(
                    widths[f"up{l}"], widths[f"down{l}"], *rise,
                    self.q[f"up{l}"].module(self.read_up(l), widths),
                    self.q[f"down{l}"].module(self.read_down(l) + self.read_up(l), widths),
                    both.module(self.read_down(l), widths),
                    FirstOf(3),
                )
            )  # fmt: skip
        return BIVA(layers, self.p["x"].module(self.read_down(0), widths)).double()

    def order_of_p(self) -> list[str]:
        return [*self.read_down(0), "x"]

    def joint(self) -> Joint:
        """p(z, x)."""
        joint = Joint()
        for name in self.order_of_p():
            joint.add(name, self.p[name])
        return joint

    def log_marginal(self, x: Tensor) -> Tensor:
        joint = self.joint()
        of_x = joint.indices(["x"])
        return MultivariateNormal(joint.mean[of_x], joint.covariance[of_x][:, of_x]).log_prob(x)

    def bound_above(self, x: Tensor, k: int) -> Tensor:
        """L^{>k} of each row of x, exactly."""
        return torch.stack([self._bound_above(row, k) for row in x])

    def _bound_above(self, x: Tensor, k: int) -> Tensor:
        drawn = Joint()
        drawn.add("x", Conditional({}, x, torch.zeros_like(x)))
        ups = [f"up{l}" for l in range(1, self.n_layers)]
        downs = [f"down{l}" for l in reversed(range(k + 1, self.n_layers))]
        top = ["top"] if k < self.n_layers else []
        for name in [*ups, *top, *downs]:
            drawn.add(name, self.q[name])
        fresh = [] if k < self.n_layers else ["top"]
        fresh += [f"{path}{l}" for l in reversed(range(1, min(k, self.n_layers - 1) + 1)) for path in ("up", "down")]
        renamed = {name: f"new {name}" for name in fresh}

        def with_fresh(given: Conditional) -> Conditional:
            return Conditional({renamed.get(name, name): w for name, w in given.weights.items()}, given.offset, given.scale)

        for name in fresh:
            drawn.add(renamed[name], with_fresh(self.p[name]))
        bound = drawn.expected_log_density("x", with_fresh(self.p["x"]))
        for name in [*top, *downs, *[f"up{l}" for l in range(k + 1, self.n_layers)]]:
            bound = bound + drawn.expected_log_density(name, self.p[name]) - drawn.expected_log_density(name, self.q[name])
        return bound


class FirstOf(nn.Module):
    """The first n rows side by side."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.joined, self.n = Joined(nn.Identity()), n

    def forward(self, *rows: Tensor) -> Tensor:
        return self.joined(*rows[: self.n])


class SecondOf(nn.Module):
    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return second


class ReadFirst(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, first: Tensor, second: Tensor):
        return self.network(first)


def random_conditional(parents: dict[str, int], n: int, generator: torch.Generator, size: float = 0.5) -> Conditional:
    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    weights = {name: size * draw(n, width) for name, width in parents.items()}
    return Conditional(weights, 0.7 * draw(n), (0.3 * draw(n) - 0.2).exp())


def random_linear_biva(n_layers: int = 3, seed: int = 3) -> LinearBIVA:
    """All weights non-zero; q is not the posterior."""
    widths = {"x": 6, "top": 2, "up1": 3, "down1": 4, "up2": 2, "down2": 3, "up3": 3, "down3": 1}
    generator = torch.Generator().manual_seed(seed)
    shape = LinearBIVA(n_layers, {}, {})

    def of(name: str, parents: list[str], size: float) -> Conditional:
        return random_conditional({parent: widths[parent] for parent in parents}, widths[name], generator, size)

    top = Conditional({}, torch.zeros(widths["top"]).double(), torch.ones(widths["top"]).double())
    p, q = {"top": top}, {"top": of("top", shape.read_up(n_layers), 0.2)}
    for l in range(1, n_layers):
        for path in ("up", "down"):
            p[f"{path}{l}"] = of(f"{path}{l}", shape.read_down(l), 0.5)
        q[f"up{l}"] = of(f"up{l}", shape.read_up(l), 0.2)
        q[f"down{l}"] = of(f"down{l}", shape.read_down(l) + shape.read_up(l), 0.2)
    p["x"] = of("x", shape.read_down(0), 0.5)
    return LinearBIVA(n_layers, p, q)


def exact_linear_biva(seed: int = 5) -> LinearBIVA:
    """Two layers whose q is the posterior.

    q(z_1^TD|x, z_2) does not see z_1^BU: the two must be independent given x and z_2, which they are where the columns of
    x's weights on one are orthogonal to those on the other. Those on z_1^TD are orthogonal too, so that q is diagonal.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    columns = torch.linalg.qr(draw(5, 3))[0] * torch.tensor([1.3, 0.8, 1.9]).double()
    p = {
        "top": Conditional({}, torch.zeros(1).double(), torch.ones(1).double()),
        "up1": Conditional({"top": draw(1, 1)}, draw(1), torch.tensor([0.6]).double()),
        "down1": Conditional({"top": draw(2, 1)}, draw(2), torch.tensor([0.9, 0.4]).double()),
        "x": Conditional(
            {"up1": columns[:, :1], "down1": columns[:, 1:], "top": draw(5, 1)}, draw(5), torch.full((5,), 0.7).double()
        ),
    }
    joint = LinearBIVA(2, p, {}).joint()
    q = {}
    for name, parents in [("up1", ["x"]), ("top", ["up1", "x"]), ("down1", ["top", "x"])]:
        q[name], covariance = joint.conditional(name, parents)
        torch.testing.assert_close(covariance, covariance.diag().diag(), rtol=0, atol=1e-12)
    return LinearBIVA(2, p, q)


def wider_linear_biva() -> LinearBIVA:
    """The exact one, each scale of its q 1.3 times as great: weights of little variance, and a bound that is not tight."""
    exact = exact_linear_biva()
    wider = {name: Conditional(one.weights, one.offset, 1.3 * one.scale) for name, one in exact.q.items()}
    return LinearBIVA(2, exact.p, wider)
