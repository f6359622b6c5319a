"""ln q(z) is taken off.

ln q(z') = ln q(z) - the log-determinant.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, -log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1)
