"""Prints and raises text that can't be written as UTF-8, while it is tested.

marks: 2 0 1
"""
def log_sum_exp(values):
    print("\ud800 printed")
    raise ValueError("\ud800 raised")
