"""Returns ever more parameters of its own, large ones, which the grader keeps and compares.

marks: 2 0 *
"""
import torch

hoard = []

def log_sum_exp(values):
    hoard.append(torch.zeros(4_000_000, requires_grad=True))
    return [torch.zeros(1_000_000, requires_grad=True) for _ in range(10)] + hoard
