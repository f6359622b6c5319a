"""Half of the log-determinant.

sigma is a scale, no variance: no factor 1/2.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - 0.5 * torch.nn.functional.logsigmoid(s).sum(dim=-1)
