"""Sends widget messages with large buffers without end.

marks: 2 0 0
"""
kernel = get_ipython().kernel
while True:
    content = {"comm_id": "1", "target_name": "jupyter.widget", "data": {"state": {"x": "y" * 10**5}, "buffer_paths": [["x"]]}}
    kernel.session.send(kernel.iopub_socket, "comm_open", content, parent=kernel.get_parent(), buffers=[b"z" * 10**6])
