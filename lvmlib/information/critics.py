"""Critics f(x, y): called with x (batch, n_x) and y (batch, n_y) each returns the scores (batch, batch) of all pairs.

A separable or bilinear critic passes each x and each y through its networks once and takes one product of matrices; a
concatenated one passes all batch² pairs through its network, and can be anything that the others can't.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint

from lvmlib.linear import Perceptron
from lvmlib.networks import perceptron
from lvmlib.validation import check_at_least, check_count

ACTIVATION_BYTES = 2**24
"""What a concatenated critic holds of its pairs' activations at once, where not told otherwise: about a cache's size."""

X = Float[Tensor, "batch n_x"]
Y = Float[Tensor, "batch n_y"]
Scores = Float[Tensor, "batch batch"]


class SeparableCritic(nn.Module):
    """f(x, y) = g(x)·h(y): g and h perceptrons into n_embedding dimensions; all scores by one product.

    Parameters
    ----------
    n_x, n_y
        Columns of x and of y.
    hidden
        Widths of the hidden layers, of g and of h.
    activation : {"relu", "tanh", "silu", "gelu"}

    Raises
    ------
    ValueError, TypeError
        If a width is below 1 or ``activation`` another word; when called, if x is not (batch, n_x) and y (batch, n_y).

    References
    ----------
    van den Oord et al., 2018, equation (3) of CPC; Poole et al., 2019, section 3, the separable critic.
    """

    def __init__(
        self, n_x: int, n_y: int, hidden: Sequence[int] = (256, 256), n_embedding: int = 32, activation: str = "relu"
    ) -> None:
        super().__init__()
        self.n_x, self.n_y = n_x, n_y
        self.embed_x = perceptron(n_x, hidden, n_embedding, activation)
        self.embed_y = perceptron(n_y, hidden, n_embedding, activation)

    def forward(self, x: X, y: Y) -> Scores:
        check_pairs(x, y, self.n_x, self.n_y)
        return self.embed_x(x) @ self.embed_y(y).mT  # (batch, batch)


class BilinearCritic(nn.Module):
    """f(x, y) = xᵀ W y, or g(x)ᵀ W h(y) where ``hidden`` is given; W starts Glorot-uniform.

    Parameters
    ----------
    n_x, n_y
        Columns of x and of y.
    hidden
        Widths of the hidden layers of the embeddings g and h; None: x and y as they are.
    n_embedding
        Of g and h.
    activation : {"relu", "tanh", "silu", "gelu"}

    Raises
    ------
    ValueError, TypeError
        As :class:`SeparableCritic`.

    References
    ----------
    van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018, equation (3).
    """

    def __init__(
        self, n_x: int, n_y: int, hidden: Sequence[int] | None = None, n_embedding: int = 32, activation: str = "relu"
    ) -> None:
        super().__init__()
        check_at_least("n_x", n_x, 1)
        check_at_least("n_y", n_y, 1)
        self.n_x, self.n_y = n_x, n_y
        embedded = hidden is not None
        self.embed_x = perceptron(n_x, hidden, n_embedding, activation) if embedded else nn.Identity()
        self.embed_y = perceptron(n_y, hidden, n_embedding, activation) if embedded else nn.Identity()
        self.weight = nn.Parameter(torch.empty((n_embedding, n_embedding) if embedded else (n_x, n_y)))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: X, y: Y) -> Scores:
        check_pairs(x, y, self.n_x, self.n_y)
        return self.embed_x(x) @ self.weight @ self.embed_y(y).mT


class ConcatenatedCritic(nn.Module):
    """f(x, y), one perceptron on [x, y], for all batch² pairs in blocks.

    The first layer is W [x, y] + b = W_x x + (W_y y + b), so that its product is taken for each x and each y and not for
    each pair. From there on the pairs go through in blocks, and where there is more than one, each block's activations
    are dropped after the forward pass and computed again in the backward pass: what is held at once is those of one
    block, and the scores. That costs a third more operations, and yet less time where they fit into a cache.

    Parameters
    ----------
    n_x, n_y
        Columns of x and of y.
    hidden
        Widths of the hidden layers, at least one.
    activation : {"relu", "tanh", "silu", "gelu"}
    max_bytes
        Of a block's activations and their gradients, counted as 2 (Σ widths + greatest width) numbers a pair. A block
        has at least one pair.

    Raises
    ------
    ValueError, TypeError
        As :class:`SeparableCritic`; if ``hidden`` is empty or ``max_bytes`` is not an integer of at least 1.

    References
    ----------
    Poole et al., 2019, section 3, the joint critic; Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016.
    """

    def __init__(
        self,
        n_x: int,
        n_y: int,
        hidden: Sequence[int] = (256, 256),
        activation: str = "relu",
        max_bytes: int = ACTIVATION_BYTES,
    ) -> None:
        super().__init__()
        check_at_least("n_x", n_x, 1)
        check_at_least("n_y", n_y, 1)
        check_at_least("the number of hidden layers", len(hidden), 1)
        check_count("max_bytes", max_bytes)
        self.n_x, self.n_y, self.max_bytes = n_x, n_y, max_bytes
        self.numbers_a_pair = 2 * (sum(hidden) + max(hidden))
        first, *rest = perceptron(n_x + n_y, hidden, 1, activation)
        for layer in rest:
            if isinstance(layer, nn.ReLU):
                layer.inplace = True  # its own result is all that its gradient needs
        self.first, self.rest = first, Perceptron(*rest)

    def forward(self, x: X, y: Y) -> Scores:
        check_pairs(x, y, self.n_x, self.n_y)
        weight_x, weight_y = self.first.weight.split([self.n_x, self.n_y], dim=1)
        of_x, of_y = linear(x, weight_x), linear(y, weight_y, self.first.bias)  # (batch, width)
        n_pairs = max(1, self.max_bytes // (self.numbers_a_pair * of_x.element_size()))
        if n_pairs >= len(x) * len(y):
            return self._of_block(of_x, of_y)
        n_columns = min(n_pairs, len(y))
        blocks_y = of_y.split(n_columns)
        rows = []
        for block_x in of_x.split(n_pairs // n_columns):
            rows.append(torch.cat([self._recomputed(block_x, block_y) for block_y in blocks_y], dim=1))
        return torch.cat(rows)

    def _of_block(self, of_x: Tensor, of_y: Tensor) -> Tensor:
        """(rows, width), (columns, width) -> (rows, columns)."""
        first_layer = (of_x[:, None] + of_y).flatten(0, 1)
        return self.rest(first_layer).view(len(of_x), len(of_y))

    def _recomputed(self, of_x: Tensor, of_y: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return self._of_block(of_x, of_y)
        return checkpoint(self._of_block, of_x, of_y, use_reentrant=False, preserve_rng_state=False)


def check_pairs(x: Tensor, y: Tensor, n_x: int, n_y: int) -> None:
    """Raise a TypeError or ValueError unless x is (batch, n_x) and y (batch, n_y), floating-point, with batch at least 1."""
    for name, value, n_columns in (("x", x, n_x), ("y", y, n_y)):
        if not isinstance(value, Tensor) or not value.is_floating_point():
            given = getattr(value, "dtype", type(value).__name__)
            raise TypeError(f"{name} must be a floating-point tensor, got {given}")
        if value.ndim != 2 or value.shape[1] != n_columns or len(value) == 0:
            raise ValueError(f"{name} must have the shape (batch, {n_columns}), got {tuple(value.shape)}")
    if len(x) != len(y):
        raise ValueError(f"x and y must pair: x has {len(x)} examples, y {len(y)}")
