r"""What the upper layers of a hierarchy say alone: some kept, the layers below them drawn anew from their prior given those.

    L^{>k}:  ln w^{>k} = ln p(x|z) + ln p(z_{>k}) - ln q(z_{>k}|x, a),    z_{>k} ~ q(z_{>k}|x, a),  z_{<=k} ~ p(z_{<=k}|z_{>k})

a stands for what q draws of the layers up to k before it comes to those above: nothing where q runs from the top down, the
z_{<=k}^BU of BIVA, z_{<=k} where q runs from the bottom up. It serves q(z_{>k}|x, a) alone, and z_{<=k} is drawn anew. Whatever
a is, the mean of w^{>k} is p(x), so that the mean of ln w^{>k} is a lower bound on ln p(x), and every bound of
:mod:`lvmlib.bounds` holds. Maaløe, Fraccaro, Liévin & Winther, BIVA, 2019, section 4, anomaly detection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.amortized.layered_codes import LayeredCodes
from lvmlib.amortized.top_down import Choice, drawing
from lvmlib.amortized.vae import ElboTerms, VariationalAutoencoder
from lvmlib.non_finite import check_no_nan
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_count, kind


class UpperLayers(LayeredCodes):
    """For a model of layers that has these four."""

    latent_widths: tuple[tuple[int, ...], ...]
    """Of each layer, z_1's first, the dimensions of each of its latents."""

    def _generated(self, choose: Choice) -> tuple[tuple[Tensor, ...], Tensor]:
        """z from z_L down to z_1 as ``choose`` gives it, and h_0, which p(x|z) reads."""
        raise NotImplementedError

    def _drawn(self, x: Tensor, n_samples: int) -> Any:
        """A pass through K draws of q(z|x), from torch's global generator; its ``z`` is what was drawn."""
        raise NotImplementedError

    def _log_w_above(self, x: Tensor, met: Any, k: int) -> Tensor:
        """ln w^{>k} of such a pass, (K, batch), nats."""
        raise NotImplementedError

    _check_examples = VariationalAutoencoder._check_examples

    @property
    def n_layers(self) -> int:
        """L."""
        return len(self.latent_widths)

    def sample(
        self, n_samples: int, random_state: Seed, fixed: Mapping[int, Any] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Draw z ~ p(z), then x ~ p(x|z).

        Parameters
        ----------
        fixed
            ``{l: z_l}``, l = 1 .. L, z_1 next to x: layers held at these values, those below drawn given them. z_l is (n_l,),
            (1, n_l) or (n_samples, n_l); of a layer of BIVA below the top the tuple (z_l^BU, z_l^TD).

        Returns
        -------
        x : (n_samples, n_features)
        z : tuple of (n_samples, n_l)

        Raises
        ------
        ValueError
            If ``n_samples`` is below 1, or ``fixed`` names no layer of the model, has another shape or holds NaN.
        TypeError
            If ``n_samples`` is no integer, or ``fixed`` holds no tensors of the dtype of the parameters.
        """
        check_count("n_samples", n_samples)
        places = self._places(fixed or {}, n_samples)
        with torch.no_grad(), drawing_from(as_generator(random_state)):
            z, state = self._generated(drawing(torch.Size([n_samples]), places, torch.Size()))
            return self.decoder(state).sample(), z

    def _places(self, fixed: Mapping[int, Any], n_samples: int) -> dict[int, Tensor]:
        """Latents held, by their place in the tuple z, counted from 1."""
        dtype, places = next(self.parameters()).dtype, {}
        for l, z in fixed.items():
            if isinstance(l, bool) or l not in range(1, self.n_layers + 1):
                raise ValueError(f"fixed must name layers 1 .. {self.n_layers}, z_1 next to x, got {l!r}")
            widths = self.latent_widths[l - 1]
            latents = tuple(z) if isinstance(z, (tuple, list)) else (z,)
            for latent in latents:
                if not isinstance(latent, Tensor):
                    raise TypeError(f"fixed[{l}] must be a torch tensor, or a tuple of them, got {kind(latent)}")
            shapes = [tuple(latent.shape) for latent in latents]
            allowed = [((n,), (1, n), (n_samples, n)) for n in widths]
            if len(shapes) != len(widths) or any(shape not in of_latent for shape, of_latent in zip(shapes, allowed)):
                raise ValueError(f"fixed[{l}] must be of widths {list(widths)}, each one row or {n_samples}, got {shapes}")
            for latent in latents:
                if latent.dtype != dtype:
                    raise TypeError(f"fixed[{l}] must be {dtype}, as the model's parameters are, got {latent.dtype}")
                if not torch.isfinite(latent).all():
                    n_bad = int((~torch.isfinite(latent)).sum())
                    raise ValueError(f"fixed[{l}] must be finite, got {n_bad} values that are NaN or infinite")
            places |= enumerate(latents, start=1 + self._first_place(l - 1))
        return places

    def _first_place(self, n_below: int) -> int:
        """Where in the tuple z the latents above the ``n_below`` lowest layers begin."""
        return sum(len(widths) for widths in self.latent_widths[:n_below])

    def mean_below(self, z: tuple[Tensor, ...], layer: int) -> Float[Tensor, "K batch n_features"]:
        """The mean of p(x|z), with z_l, ..., z_L as in ``z``, (K, batch, n) each, and the layers below l = ``layer`` drawn anew.

        At l = 1 nothing is drawn; at L + 1 all is. From torch's global generator.
        """
        first = self._first_place(layer - 1)
        kept = dict(enumerate(z[first:], start=first + 1))
        _, state = self._generated(drawing(z[0].shape[:-1], kept, torch.Size()))
        return self.decoder(state).mean

    def layer_kl(self, terms: ElboTerms | tuple[Tensor, ...]) -> Float[Tensor, "n_layers K batch"]:
        """KL of each layer, z_1's first, nats: ``elbo_terms`` or ``kl_terms`` summed over the dimensions of all its latents."""
        of_latents = iter([kl.sum(-1) for kl in (terms.kl if isinstance(terms, ElboTerms) else terms)])
        return torch.stack([sum(next(of_latents) for _ in widths) for widths in self.latent_widths])

    def log_w_above(self, x: Tensor, n_samples: int, random_state: Seed, k: int) -> Float[Tensor, "K batch"]:
        r"""Log weights of L^{>k}, nats: z_{>k} ~ q(z_{>k}|x), and the layers up to k from their prior given those.

        k = 0 is ``log_w``; with k = L all is drawn from p(z).

        Parameters
        ----------
        k
            0 .. L.

        Raises
        ------
        ValueError
            If ``k`` is not in 0 .. L, ``n_samples`` is below 1, ``x`` is not of the model, or a weight is NaN.
        TypeError
            If ``n_samples`` is no integer.
        """
        check_depth(k, self.n_layers)
        with drawing_from(as_generator(random_state)):
            return self._log_w_above(x, self._drawn(x, n_samples), k)

    def log_w_of_every_depth(self, x: Tensor, n_samples: int, random_state: Seed) -> Float[Tensor, "n_layers_and_1 K batch"]:
        """:meth:`log_w_above` for k = 0, ..., L with the same samples of q(z|x), nats: differences vary less."""
        with drawing_from(as_generator(random_state)):
            met = self._drawn(x, n_samples)
            return torch.stack([self._log_w_above(x, met, k) for k in range(self.n_layers + 1)])


def check_depth(k: object, greatest: int) -> None:
    """Raise a ValueError unless ``k`` is a whole number of 0 .. ``greatest``."""
    if isinstance(k, bool) or not isinstance(k, int) or not 0 <= k <= greatest:
        raise ValueError(f"k must be a whole number in 0 .. {greatest}, got {k!r}")


def check_weights(weights: Tensor) -> Tensor:
    """The log weights given back; raise a ValueError where one is NaN, but within a training step."""
    check_no_nan("log_w", weights, "check x and the model")
    return weights
