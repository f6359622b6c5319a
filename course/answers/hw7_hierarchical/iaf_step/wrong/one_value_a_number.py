"""ln q has a value for each number.

A sum over the last axis.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q[..., None] - torch.nn.functional.logsigmoid(s)
