"""m is added without its gate.

(1 - sigma) m.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + m
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1)
