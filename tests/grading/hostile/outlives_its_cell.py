"""Leaves processes and threads behind that go on after the cell, each with the sockets of its parent.

marks: 2 0 1
"""
import os
import threading
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            pass
    os._exit(0)
threading.Thread(target=lambda: [time.sleep(0.001) for _ in iter(int, 1)]).start()

def log_sum_exp(values):
    return values.sum(dim=1)
