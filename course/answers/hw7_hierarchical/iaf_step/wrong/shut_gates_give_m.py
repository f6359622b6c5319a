"""A gate that is nearly shut is taken for shut.

z still counts, by its gate.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = torch.where(gate < 1e-3, m, gate * z + (1 - gate) * m)
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1)
