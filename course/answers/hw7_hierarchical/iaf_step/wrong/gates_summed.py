"""The gates are summed, not their logarithms.

ln of the product of the gates.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - gate.sum(dim=-1)
