"""Counts for ever.

marks: 2 0 1
"""
def log_sum_exp(values):
    while True:
        pass
