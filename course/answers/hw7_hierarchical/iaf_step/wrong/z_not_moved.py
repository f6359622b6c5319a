"""z comes back as it was.

z' = sigma z + (1 - sigma) m.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = z.clone()
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1)
