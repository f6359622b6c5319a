"""The log-determinant is that of 1 - sigma.

dz'_d / dz_d = sigma_d.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - torch.nn.functional.logsigmoid(-s).sum(dim=-1)
