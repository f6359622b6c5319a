"""Prints a million lines in its cell; what is right stays right.

marks: 2 3 1
"""
import torch

def log_sum_exp(values):
    return torch.logsumexp(values, dim=1)

for number in range(10**6):
    print(number, "some text that makes the line longer" * 3)
