"""z exp(s) + m: another flow.

The step here is gated: sigma z + (1 - sigma) m.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = z * torch.exp(s) + m
    return moved, log_q - s.sum(dim=-1)
