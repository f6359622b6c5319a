"""Models whose z is a tuple of layers: data that they take, where their output begins, and pictures along codes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.randomness import as_generator, drawing_from
from lvmlib.validation import check_at_least


class LayeredCodes:
    """For a model with ``prior``, ``likelihood``, ``encode`` (a tuple of layers), ``decode``, ``n_latent`` and a ``decoder``."""

    decoder: nn.Module

    def check_data(self, x: object) -> Tensor:
        """As :meth:`VariationalAutoencoder.check_data`: ``x`` as a tensor of what p(x|z) is defined on, or an error."""
        with torch.no_grad(), drawing_from(as_generator(0)):
            likelihood = self.likelihood(self.prior().sample(torch.Size([1])))
        return likelihood.check_support(x)

    def start_at(self, x: Tensor) -> None:
        """Set the decoder's output bias so that p(x|z) begins at each feature's marginal in ``x``, (batch, n_features)."""
        self.decoder.start_at(self.check_data(x))

    def log_likelihood(self, x: Tensor, z: tuple[Tensor, ...]) -> Tensor:
        """ln p(x|z), (..., batch), nats."""
        return self.likelihood(z).log_prob(x)

    traverse = VariationalAutoencoder.traverse

    def interpolate(self, start: Tensor, end: Tensor, n_steps: int) -> Tensor:
        """Means of p(x|z) at ``n_steps`` points evenly between the codes of ``start`` and ``end``, all layers together.

        Returns
        -------
        Tensor (n_steps, batch, n_features)

        Raises
        ------
        ValueError
            If ``n_steps`` is below 2, the two have different shapes, or one is not of the model.
        """
        check_at_least("n_steps", n_steps, 2)
        if start.shape != end.shape:
            raise ValueError(f"start and end must have one shape, got {tuple(start.shape)} and {tuple(end.shape)}")
        share = torch.linspace(0, 1, n_steps, dtype=start.dtype, device=start.device)[:, None, None]
        ends = zip(self.encode(start), self.encode(end))
        z = tuple(torch.lerp(first.expand(n_steps, -1, -1), last.expand(n_steps, -1, -1), share) for first, last in ends)
        return self.likelihood(z).mean
