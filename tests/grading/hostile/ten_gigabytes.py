"""Returns a tensor of ten gigabytes that takes no memory here.

marks: 2 0 1
"""
import torch

def log_sum_exp(values):
    return torch.zeros(1, dtype=torch.float64).expand(10**10 // 8)
