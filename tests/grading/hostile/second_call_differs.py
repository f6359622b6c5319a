"""Is right on its first call and wrong from its second on.

marks: 2 0 1
"""
import torch

calls = 0

def log_sum_exp(values):
    global calls
    calls += 1
    return torch.logsumexp(values, dim=1) if calls == 1 else values.sum(dim=1)
