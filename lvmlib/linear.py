"""The linear layer with its activation, by oneDNN where PyTorch's own product is held back.

PyTorch multiplies float32 matrices by Intel's MKL, which gives processors of other makers only its
AVX2 kernels; oneDNN, which the same wheels carry, uses AVX-512 on any processor that has it. One core
of an AMD processor of 2024 (Zen 5) did 110 and 240 billion operations a second, and oneDNN applies
tanh while the product is in cache. The numbers are those of float32 either way; under autocast those of
bfloat16. Elsewhere, for other dtypes, under ``torch.func`` and ``torch.compile`` this is ``torch.nn.functional.linear``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from lvmlib.products import mkl_is_held_back

SMALLEST = 2**21
"""Multiplications of a product below which oneDNN's preparation costs more than its kernel saves."""


def affine(x: Tensor, weight: Tensor, bias: Tensor | None = None, tanh: bool = False) -> Tensor:
    """y = x Wᵀ + b, or tanh of it, (..., n_out), of x (..., n_in) and W (n_out, n_in)."""
    if _by_onednn(x, weight):
        if torch.is_autocast_enabled("cpu"):
            dtype = torch.get_autocast_dtype("cpu")
            x, weight, bias = x.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype)
        return _Affine.apply(x.reshape(-1, x.shape[-1]), weight, bias, tanh).view(*x.shape[:-1], -1)
    y = linear(x, weight, bias)
    return y.tanh() if tanh else y


class Perceptron(nn.Sequential):
    """Linear layers and activations in turn; each ``nn.Linear`` with an ``nn.Tanh`` behind it is one operation."""

    def forward(self, x: Tensor) -> Tensor:
        layers = list(self)
        for before, layer, after in zip([None, *layers], layers, [*layers[1:], None]):
            if _is_plain(layer):
                x = affine(x, layer.weight, layer.bias, tanh=isinstance(after, nn.Tanh))
            elif not (isinstance(layer, nn.Tanh) and _is_plain(before)):  # else it was applied with the layer before
                x = layer(x)
        return x


def _is_plain(layer: nn.Module | None) -> bool:
    """Whether nothing but a product happens when it is called: no hooks, and no other ``forward`` put in its place."""
    return type(layer) is nn.Linear and "forward" not in vars(layer) and not (layer._forward_hooks or layer._forward_pre_hooks)


def _by_onednn(x: Tensor, weight: Tensor) -> bool:
    return (
        not torch.compiler.is_compiling()  # first: what follows can't be traced
        and x.numel() * len(weight) >= SMALLEST
        and x.shape[-1] == weight.shape[-1]  # else linear says what is wrong
        and weight.dtype is torch.float32
        and (x.dtype is torch.float32 or torch.is_autocast_enabled("cpu"))
        and x.device.type == weight.device.type == "cpu"
        and mkl_is_held_back()
        and not torch._C._are_functorch_transforms_active()
    )


def _product(a: Tensor, b: Tensor) -> Tensor:
    """a @ b of matrices, by oneDNN where no gradient of it is asked for."""
    if torch.is_grad_enabled() or a.numel() * b.shape[1] < SMALLEST:  # a gradient's gradient, or a small product
        return a @ b
    return torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")


def _outer(grad: Tensor, x: Tensor) -> Tensor:
    """gradᵀ x of matrices with as many rows, taken the way round in which oneDNN has the smaller one to transpose."""
    return _product(grad.t(), x) if grad.shape[1] <= x.shape[1] else _product(x.t(), grad).t()


class _Affine(torch.autograd.Function):
    """act(x Wᵀ + b) of a matrix x; with g the gradient before the activation: g W, gᵀ x and Σ g."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor | None, tanh: bool) -> Tensor:  # noqa: ANN001
        y = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "tanh" if tanh else "none", [], "")
        ctx.save_for_backward(x, weight, y if tanh else None)
        return y

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN001
        x, weight, y = ctx.saved_tensors
        if y is not None:
            grad = torch.ops.aten.tanh_backward(grad, y)  # grad (1 - y²)
        to_x, to_weight, to_bias, _ = ctx.needs_input_grad
        return (
            _product(grad, weight) if to_x else None,
            _outer(grad, x) if to_weight else None,
            grad.sum(0) if to_bias else None,
            None,
        )
