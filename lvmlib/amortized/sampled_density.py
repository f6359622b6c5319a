"""ln q of a sample, kept beside the sample: for distributions whose density costs far less where z was drawn from them.

An inverse autoregressive flow makes z from noise in one pass, and has ln q(z) then for nothing; of another z it has to find the
noise, one dimension after another. Bounds draw z and then ask for ln q(z): they get what was kept, if that is what they mean.
"""

from __future__ import annotations

import torch
from torch import Tensor


class SampledDensity:
    """The last sample drawn from a distribution, a tuple of layers (..., n_l), and ln q of its rows.

    What is kept answers for ``value`` in two cases.

    - Where gradients are recorded: for the very tensors that were drawn, also with gradients recorded. ln q is then a function of
      the noise and the parameters of q, whose derivative in the parameters is the whole one, through z and through the density.
      (A z drawn without gradients is a constant, and ln q at a constant z is another function of the parameters.)
    - Where none are recorded: also for views of the sample that leave rows whole, such as slices of samples or examples.

    Values changed in place since, and copies, are not recognized; under torch.compile, which can't ask whether a tensor was
    changed, z must not be changed in place between the two.
    """

    def __init__(self) -> None:
        self._z: tuple[Tensor, ...] = ()

    def remember(self, z: tuple[Tensor, ...], log_q: Tensor) -> None:
        """``log_q`` begins with the dimensions of a row's index, (...), and may go on with others of its own."""
        self._z = z if all(layer.is_contiguous() and _has_version(layer) for layer in z) else ()
        self._versions = [] if torch.compiler.is_compiling() else [layer._version for layer in self._z]
        self._required = [layer.requires_grad for layer in self._z]
        self._with_gradients = torch.is_grad_enabled()
        self._log_q = log_q

    def recall(self, value: tuple[Tensor, ...]) -> Tensor | None:
        """ln q of the rows of ``value``; None where it is not known to be of the sample."""
        if not self._z or len(value) != len(self._z) or not all(isinstance(layer, Tensor) for layer in value):
            return None
        if not torch.compiler.is_compiling() and self._changed():
            return None
        if all(layer is drawn for layer, drawn in zip(value, self._z)):
            if not torch.is_grad_enabled():
                return self._log_q.detach()
            same_graph = [layer.requires_grad for layer in value] == self._required
            return self._log_q if self._with_gradients and same_graph else None
        return None if torch.is_grad_enabled() else self._of_views(value)

    def _changed(self) -> bool:
        """Whether a layer was changed in place, or may have been: of a sample drawn under torch.compile nothing is known later."""
        return len(self._versions) < len(self._z) or any(one._version != was for one, was in zip(self._z, self._versions))

    def _of_views(self, value: tuple[Tensor, ...]) -> Tensor | None:
        found = [_rows(layer, drawn, version) for layer, drawn, version in zip(value, self._z, self._versions)]
        if found[0] is None or any(rows != found[0] for rows in found):
            return None  # not of the sample, or layers of different rows
        n_row_dimensions = self._z[0].ndim - 1
        flat = self._log_q.detach().flatten(0, n_row_dimensions - 1) if n_row_dimensions else self._log_q.detach()[None]
        return flat[torch.arange(len(flat), device=flat.device).as_strided(*found[0])]


def _has_version(layer: Tensor) -> bool:
    """Tensors of inference mode have none; torch.compile can't follow the question, and doesn't ask for versions."""
    return torch.compiler.is_compiling() or not layer.is_inference()


def _rows(value: Tensor, drawn: Tensor, version: int) -> tuple[tuple[int, ...], tuple[int, ...], int] | None:
    """Size, strides and offset, counted in rows of ``drawn``, of a view of it; None where it is none, or cuts rows."""
    if value.is_inference() or value.dtype != drawn.dtype or value.device != drawn.device or value.ndim == 0:
        return None
    if value._version != version or value.untyped_storage().data_ptr() != drawn.untyped_storage().data_ptr():
        return None
    width = drawn.shape[-1]
    offset = value.storage_offset() - drawn.storage_offset()
    strides = value.stride()[:-1]
    whole = value.shape[-1] == width and (width == 1 or value.stride(-1) == 1)
    if not whole or offset < 0 or offset % width or any(stride % width for stride in strides):
        return None
    rows = tuple(value.shape[:-1]), tuple(stride // width for stride in strides), offset // width
    last = rows[2] + sum((size - 1) * stride for size, stride in zip(rows[0], rows[1]))
    return rows if value.numel() and last < drawn.numel() // width else None
