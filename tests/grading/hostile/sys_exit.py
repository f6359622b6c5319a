"""Leaves by sys.exit, in the cell and in the function.

marks: 2 0 1
"""
import sys

def log_sum_exp(values):
    sys.exit(0)

sys.exit(0)
