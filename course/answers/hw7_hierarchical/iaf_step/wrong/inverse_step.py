"""The inverse of the step.

z' from z, not z from z'.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = (z - (1 - gate) * m) / gate
    return moved, log_q + torch.nn.functional.logsigmoid(s).sum(dim=-1)
