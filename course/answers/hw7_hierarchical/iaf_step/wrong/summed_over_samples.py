"""The log-determinant is summed over the samples as well.

Over the last axis alone.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum()
