"""Prints text that can't be written as UTF-8, while it is tested; the answer is right.

marks: 2 3 1
"""
import torch

def log_sum_exp(values):
    print("\ud800 printed")
    return torch.logsumexp(values, dim=1)
