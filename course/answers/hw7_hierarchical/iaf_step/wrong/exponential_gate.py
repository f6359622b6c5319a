"""The gate is exp(s).

sigmoid(s).
"""


def iaf_step(z, log_q, m, s):
    gate = torch.exp(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1)
