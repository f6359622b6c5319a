"""Matrix products on the CPU, by the faster of the two BLAS libraries at hand.

PyTorch's wheels carry Intel's MKL, which gives processors of other makers only its AVX2
kernels; NumPy's carry OpenBLAS, which uses what the processor has. On an AMD processor of
2024 (Zen 5) one core did 55 and 91 billion operations a second in float64, 101 and 186 in
float32. Elsewhere, on other devices and where gradients are asked for, these are torch's own.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@cache
def mkl_is_held_back() -> bool:
    """Whether torch multiplies by MKL on a processor that is not Intel's and has AVX-512, which oneDNN would use."""
    has_avx512 = "AVX512" in torch.backends.cpu.get_cpu_capability()
    return numpy_is_faster() and has_avx512 and torch.backends.mkldnn.is_available()


@cache
def numpy_is_faster() -> bool:
    """Whether torch multiplies by MKL on a processor that is not Intel's."""
    try:
        about = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return torch.backends.mkl.is_available() and "AuthenticAMD" in about


def product(a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
    """a @ b, for two matrices of one dtype."""
    if not _by_numpy(a, b):
        return torch.mm(a, b, out=out)
    if out is None:
        return torch.from_numpy(np.matmul(a.numpy(), b.numpy()))
    np.matmul(a.numpy(), b.numpy(), out=out.numpy())
    return out


def affine(shift: Tensor, a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
    """a @ b + shift, for two matrices and a column that is added to each column."""
    if not _by_numpy(shift, a, b):
        return torch.addmm(shift, a, b, out=out)
    return product(a, b, out).add_(shift)


def _by_numpy(*tensors: Tensor) -> bool:
    return numpy_is_faster() and all(one.device.type == "cpu" and not one.requires_grad for one in tensors)
