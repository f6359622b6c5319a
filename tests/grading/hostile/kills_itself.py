"""Sends itself every signal.

marks: 2 0 0
"""
import os
import signal

def log_sum_exp(values):
    for number in signal.valid_signals() - {signal.SIGINT}:
        os.kill(os.getpid(), number)
    os.kill(os.getpid(), signal.SIGKILL)
    os.abort()
