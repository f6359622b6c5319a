"""Sends outputs that no notebook may hold; the answer itself is right.

marks: 2 3 1
"""
import torch

def log_sum_exp(values):
    return torch.logsumexp(values, dim=1)

kernel = get_ipython().kernel
for kind, content in (
    ("display_data", {"data": {"text/plain": 7, "x": None, "application/javascript": "alert(1)"}, "metadata": []}),
    ("execute_result", {"data": {"text/plain": ["a", 1]}, "metadata": {}, "execution_count": "many"}),
    ("stream", {"name": "elsewhere", "text": 5}),
    ("error", {"ename": 1, "evalue": [], "traceback": "no list"}),
    ("comm_open", {"comm_id": "1", "target_name": "jupyter.widget", "data": {"state": {"_model_module": "@jupyter-widgets/output", "_model_name": "OutputModel"}}}),
    ("comm_msg", {"comm_id": "1", "data": {"method": "update", "state": {"msg_id": kernel.get_parent()["header"]["msg_id"]}}}),
    ("update_display_data", {"data": {"text/plain": "x" * 1000}, "metadata": {}, "transient": {"display_id": "1"}}),
):
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
