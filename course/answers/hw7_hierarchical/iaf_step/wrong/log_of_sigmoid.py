"""The logarithm of a sigmoid that has become 0 is taken.

torch.nn.functional.logsigmoid stays finite.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - gate.log().sum(dim=-1)
