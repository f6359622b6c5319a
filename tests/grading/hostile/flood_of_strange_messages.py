"""Keeps a thread sending messages that belong to no cell, as fast as it can.

marks: 2 0 *
"""
import threading

kernel = get_ipython().kernel

def flood():
    while True:
        kernel.session.send(kernel.iopub_socket, "stream", {"name": "stdout", "text": "x" * 10**5}, parent={})

threading.Thread(target=flood, daemon=True).start()

def log_sum_exp(values):
    return values.sum(dim=1)
