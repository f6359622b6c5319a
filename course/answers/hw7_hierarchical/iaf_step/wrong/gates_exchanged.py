"""sigma and 1 - sigma are exchanged.

sigma belongs to z.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = (1 - gate) * z + gate * m
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1)
