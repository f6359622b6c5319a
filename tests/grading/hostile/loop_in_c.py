"""Stays for ever inside one call of C, where no interrupt is looked at; what comes after it is lost with it.

marks: 2 0 0
"""
def log_sum_exp(values):
    return sum(iter(int, 1))
