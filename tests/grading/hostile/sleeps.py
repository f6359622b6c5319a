"""Sleeps while it is tested.

marks: 2 0 1
"""
import time

def log_sum_exp(values):
    time.sleep(10**6)
