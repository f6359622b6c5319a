"""Sends messages with a wrong signature, and some that are no messages.

marks: 2 0 0
"""
kernel = get_ipython().kernel
kernel.session.key = b"another key"
kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=kernel.get_parent())
for parts in ([b"nothing"], [b"<IDS|MSG>", b"", b"{", b"[", b"]", b"1"], [b"<IDS|MSG>"] * 9):
    kernel.iopub_socket.send_multipart(parts)

def log_sum_exp(values):
    return values.sum(dim=1)
