"""The log-determinant has the wrong sign.

Where volume shrinks the density grows: minus the sum of ln sigma.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q + torch.nn.functional.logsigmoid(s).sum(dim=-1)
