"""z is scaled in place.

Methods that end in an underscore write into the caller's tensor.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = z.mul_(gate).add_((1 - gate) * m)
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1)
