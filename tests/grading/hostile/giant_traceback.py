"""Raises errors with endless texts and traces.

marks: 2 0 1
"""
def deep(n):
    return deep(n + 1)

def log_sum_exp(values):
    try:
        deep(0)
    except RecursionError as error:
        raise ValueError("x" * 10**8) from error
