"""Only the log-determinant comes back.

ln q(z) before the step is part of ln q(z').
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, -torch.nn.functional.logsigmoid(s).sum(dim=-1)
