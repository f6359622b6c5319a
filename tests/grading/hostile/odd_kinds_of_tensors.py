"""Returns tensors and arrays of odd makes: sparse, quantized, nested, meta, complex, shrunk, of 64 dimensions, of strings, masked, structured, on no device.

marks: 2 0 1
"""
import numpy as np
import torch

makes = [
    lambda v: torch.logsumexp(v, 1).to_sparse(), lambda v: torch.quantize_per_tensor(torch.logsumexp(v, 1).float(), 0.1, 0, torch.qint8),
    lambda v: torch.empty(len(v), device="meta"), lambda v: torch.nested.nested_tensor([v[0]]), lambda v: torch.zeros([1] * 60), lambda v: v.sum(1).unsqueeze(0).expand(10**6, len(v)),
    lambda v: np.array(["a", "b"]), lambda v: np.ma.masked_array(v.sum(1).numpy(), [True] * len(v)), lambda v: np.zeros(3, dtype=[("a", "f8")]), lambda v: np.array([1, 2], dtype="M8[s]"),
    lambda v: np.float128(1) if hasattr(np, "float128") else 1, lambda v: torch.zeros(2).to(torch.float8_e4m3fn), lambda v: torch.ones(2, dtype=torch.complex32), lambda v: np.matrix([[1.0, 2.0]]), lambda v: torch.zeros(0),
]
calls = 0

def log_sum_exp(values):
    global calls
    calls += 1
    return makes[calls % len(makes)](values)

def shrunk(v):
    t = torch.zeros(len(v), dtype=torch.float64)
    t.untyped_storage().resize_(0)
    return t

makes.append(shrunk)
