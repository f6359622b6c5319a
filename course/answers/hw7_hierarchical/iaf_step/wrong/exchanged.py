"""ln q comes first.

z' first, then ln q(z').
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1), moved
