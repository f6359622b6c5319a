"""A training step as the published reference implementations are built, written plainly: Song & Ermon's, and CLUB's InfoNCE.

What is kept of them is how they go about it, not their text: the concatenated critic repeats x and y into a matrix of all
batch² rows [x_i, y_j] and passes it through an ``nn.Sequential``; estimators take the pairs out of a mean by subtracting a
matrix with inf on its diagonal, or by summing all and subtracting the pairs' sum; values whose gradient is another's are
computed twice; CLUB's InfoNCE passes the pairs through the network once more by themselves; Adam as it comes.
Sources: github.com/ermongroup/smile-mi-estimator, github.com/Linear95/CLUB.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from lvmlib.information.critics import ConcatenatedCritic, SeparableCritic


def plain_sequence(layers: list[nn.Linear]) -> nn.Sequential:
    """The same weights in layers of their own, with rectified units between them."""
    found: list[nn.Module] = []
    for layer in layers:
        copy = nn.Linear(layer.in_features, layer.out_features)
        copy.load_state_dict(layer.state_dict())
        found += [copy, nn.ReLU()]
    return nn.Sequential(*found[:-1])


def linears(network: nn.Module) -> list[nn.Linear]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)]


class PlainSeparable(nn.Module):
    def __init__(self, ours: SeparableCritic) -> None:
        super().__init__()
        self.g, self.h = plain_sequence(linears(ours.embed_x)), plain_sequence(linears(ours.embed_y))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.matmul(self.g(x), self.h(y).t())


class PlainConcatenated(nn.Module):
    def __init__(self, ours: ConcatenatedCritic) -> None:
        super().__init__()
        self.f = plain_sequence([ours.first, *linears(ours.rest)])

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        n = x.shape[0]
        repeated_x = torch.stack([x] * n, dim=1)  # [i, j] = x_i
        repeated_y = torch.stack([y] * n, dim=0)  # [i, j] = y_j
        rows = torch.cat([repeated_x, repeated_y], dim=2).reshape(n * n, -1)
        return self.f(rows).reshape(n, n)

    def of_pairs(self, x: Tensor, y: Tensor) -> Tensor:
        return self.f(torch.cat([x, y], dim=1))


def log_mean_exp_without_diagonal(scores: Tensor) -> Tensor:
    n = scores.shape[0]
    masked = scores - torch.diag(math.inf * torch.ones(n))
    return torch.logsumexp(masked, dim=(0, 1)) - torch.log(torch.tensor(n * (n - 1.0)))


def plain_info_nce(scores: Tensor) -> Tensor:
    log_likelihood = scores.diag().mean() - scores.logsumexp(dim=1)
    return (torch.tensor(float(scores.shape[0])).log() + log_likelihood).mean()


def plain_nwj(scores: Tensor) -> Tensor:
    scores = scores - 1.0
    return 1.0 + scores.diag().mean() - log_mean_exp_without_diagonal(scores).exp()


def plain_f_gan(scores: Tensor) -> Tensor:
    pairs, n = scores.diag(), scores.shape[0]
    others = (torch.sum(softplus(scores)) - torch.sum(softplus(pairs))) / (n * (n - 1.0))
    return -softplus(-pairs).mean() - others


def plain_smile(scores: Tensor) -> Tensor:
    value = scores.diag().mean() - log_mean_exp_without_diagonal(torch.clamp(scores, -5.0, 5.0))
    objective = plain_f_gan(scores)
    with torch.no_grad():
        difference = value - objective
    return objective + difference


def plain_jensen_shannon(scores: Tensor) -> Tensor:
    """NWJ's value at f + 1, which is what our estimator has; the published one puts f itself in."""
    value, objective = plain_nwj(scores + 1.0), plain_f_gan(scores)
    with torch.no_grad():
        difference = value - objective
    return objective + difference


def plain_donsker_varadhan(scores: Tensor) -> Tensor:
    return scores.diag().mean() - log_mean_exp_without_diagonal(scores)


def club_info_nce(critic: PlainConcatenated, x: Tensor, y: Tensor) -> Tensor:
    return critic.of_pairs(x, y).mean() - (critic(x, y).logsumexp(dim=1).mean() - math.log(x.shape[0]))


PLAIN = {
    "info_nce": plain_info_nce,
    "nwj": plain_nwj,
    "jensen_shannon": plain_jensen_shannon,
    "smile": plain_smile,
    "donsker_varadhan": plain_donsker_varadhan,
}
