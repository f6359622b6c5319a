"""Critics f(x, y): called with x (batch, n_x) and y (batch, n_y) each returns the scores (batch, batch) of all pairs.

A separable or bilinear critic passes each x and each y through its networks once and takes one product of matrices; a
concatenated one passes all batch² pairs through its network, and can be anything that the others can't.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import linear

from lvmlib.linear import Perceptron, affine
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
        return affine(self.embed_x(x), self.embed_y(y))  # (batch, batch): g(x) h(y)ᵀ


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
        return affine(self.embed_x(x) @ self.weight, self.embed_y(y))


class ConcatenatedCritic(nn.Module):
    """f(x, y), one perceptron on [x, y], for all batch² pairs in blocks.

    The first layer is W [x, y] + b = W_x x + (W_y y + b), so that its product is taken for each x and each y and not for
    each pair. From there on the pairs go through in blocks, and where there is more than one, each block's activations
    are dropped after the forward pass and computed again in the backward pass: what is held at once is those of one
    block, and the scores. That costs a third more operations, and yet less time where they fit into a cache. In blocks
    there is no second derivative, and asking for one raises.

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
        self.first, self.rest = first, Perceptron(*rest)

    def forward(self, x: X, y: Y) -> Scores:
        check_pairs(x, y, self.n_x, self.n_y)
        weight_x, weight_y = self.first.weight.split([self.n_x, self.n_y], dim=1)
        of_x, of_y = linear(x, weight_x), linear(y, weight_y, self.first.bias)  # (batch, width)
        n_pairs = max(1, self.max_bytes // (self.numbers_a_pair * of_x.element_size()))
        if n_pairs >= len(x) * len(y):
            return _scores_of_block(self.rest, dict(self.rest.named_parameters()), of_x, of_y)
        n_columns = min(n_pairs, len(y))
        names, parameters = zip(*self.rest.named_parameters())
        return _InBlocks.apply(self.rest, names, n_pairs // n_columns, n_columns, of_x, of_y, *parameters)


def _scores_of_block(rest: nn.Module, parameters: dict[str, Tensor], of_x: Tensor, of_y: Tensor) -> Tensor:
    """The layers from the first activation on, (rows, width), (columns, width) -> (rows, columns)."""
    first_layer = (of_x[:, None] + of_y).flatten(0, 1)
    return functional_call(rest, parameters, (first_layer,)).view(len(of_x), len(of_y))


class _InBlocks(torch.autograd.Function):
    """Scores block by block; the backward pass computes each block again and adds up its gradients.

    Results and sums are written into tensors that stand before the first block: nothing that stays is made between
    blocks, where it would lie in the memory that the next block's activations are to have again.
    """

    @staticmethod
    def forward(ctx, rest, names, n_rows, n_columns, of_x, of_y, *parameters):  # noqa: ANN001, ANN205
        device = of_x.device.type
        ctx.autocast = {
            "device_type": device,
            "dtype": torch.get_autocast_dtype(device),
            "enabled": torch.is_autocast_enabled(device),
        }
        ctx.rest, ctx.names, ctx.sizes = rest, names, (n_rows, n_columns)
        ctx.save_for_backward(of_x, of_y, *parameters)
        named = dict(zip(names, parameters))
        scores = None
        for rows, columns in _blocks(len(of_x), len(of_y), n_rows, n_columns):
            block = _scores_of_block(rest, named, of_x[rows], of_y[columns])
            if scores is None:
                scores = block.new_empty(len(of_x), len(of_y))
            scores[rows, columns] = block
        return scores

    @staticmethod
    def backward(ctx, grad):  # noqa: ANN001, ANN205
        if torch.is_grad_enabled():  # create_graph: what is computed here has no graph, and would pass for constant
            raise RuntimeError("a concatenated critic has no second derivative in blocks: give it a greater max_bytes")
        of_x, of_y, *parameters = ctx.saved_tensors
        leaves = [one.detach().requires_grad_() for one in parameters]
        sums = [torch.zeros_like(one) for one in (of_x, of_y, *parameters)]
        for rows, columns in _blocks(len(of_x), len(of_y), *ctx.sizes):
            block_x, block_y = of_x[rows].detach().requires_grad_(), of_y[columns].detach().requires_grad_()
            with torch.enable_grad(), torch.autocast(**ctx.autocast):
                scores = _scores_of_block(ctx.rest, dict(zip(ctx.names, leaves)), block_x, block_y)
            found = torch.autograd.grad(scores, [block_x, block_y, *leaves], grad[rows, columns])
            del scores
            for total, part in zip([sums[0][rows], sums[1][columns], *sums[2:]], found, strict=True):
                total += part
        return None, None, None, None, *sums


def _blocks(n_x: int, n_y: int, n_rows: int, n_columns: int) -> Iterator[tuple[slice, slice]]:
    for row in range(0, n_x, n_rows):
        for column in range(0, n_y, n_columns):
            yield slice(row, row + n_rows), slice(column, column + n_columns)


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
