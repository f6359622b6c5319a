"""s stands for the gate.

sigmoid(s).
"""


def iaf_step(z, log_q, m, s):
    gate = s
    moved = gate * z + (1 - gate) * m
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1)
