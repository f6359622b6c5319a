"""Critics f(x, y): called with x (batch, n_x) and y (batch, n_y) each returns the scores (batch, batch) of all pairs."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from lvmlib.networks import perceptron


class SeparableCritic(nn.Module):
    """f(x, y) = g(x)·h(y): g and h perceptrons into n_embedding dimensions; all scores by one product."""

    def __init__(
        self, n_x: int, n_y: int, hidden: Sequence[int] = (256, 256), n_embedding: int = 32, activation: str = "relu"
    ) -> None:
        super().__init__()
        self.embed_x = perceptron(n_x, hidden, n_embedding, activation)
        self.embed_y = perceptron(n_y, hidden, n_embedding, activation)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.embed_x(x) @ self.embed_y(y).mT  # (batch, batch)
