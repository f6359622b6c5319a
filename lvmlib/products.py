"""Matrix products on the CPU, by the faster of the two BLAS libraries at hand.

PyTorch's wheels carry Intel's MKL, which gives processors of other makers only its AVX2
kernels; NumPy's carry OpenBLAS, which uses what the processor has. On an AMD processor of
2024 (Zen 5) one core did 55 and 91 billion operations a second in float64, 101 and 186 in
float32. Elsewhere, on other devices and where gradients are asked for, it is torch's own.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@cache
def mkl_is_held_back() -> bool:
    """Whether torch multiplies by MKL on a processor that is not Intel's and has AVX-512."""
    return numpy_is_faster() and "AVX512" in torch.backends.cpu.get_cpu_capability()


@cache
def numpy_is_faster() -> bool:
    """Whether torch multiplies by MKL on a processor that is not Intel's."""
    try:
        about = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return torch.backends.mkl.is_available() and "AuthenticAMD" in about


def product(a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
    """a @ b, for two matrices of one dtype; where b is a.T itself, NumPy does half the work."""
    if a.device.type != "cpu" or a.requires_grad or b.requires_grad or not numpy_is_faster():
        return torch.mm(a, b, out=out)
    if out is None:
        return torch.from_numpy(np.matmul(a.numpy(), b.numpy()))
    np.matmul(a.numpy(), b.numpy(), out=out.numpy())
    return out
