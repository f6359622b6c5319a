"""The logarithm of the sum of the gates.

The sum of the logarithms.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - gate.sum(dim=-1).log()
