"""Returns a container with more entries than may be sent, and integers of a million digits.

marks: 2 0 1
"""
def log_sum_exp(values):
    return [10 ** (10**6)] + [[]] * 10**6
