"""Sends one message of many megabytes.

marks: 2 0 0
"""
kernel = get_ipython().kernel
text = {"name": "stdout", "text": "x" * 10**8}
kernel.session.send(kernel.iopub_socket, "stream", text, parent=kernel.get_parent())

def log_sum_exp(values):
    return values.sum(dim=1)
