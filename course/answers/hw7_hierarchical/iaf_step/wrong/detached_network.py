"""m and s are detached.

The network is trained through the step.
"""


def iaf_step(z, log_q, m, s):
    m, s = m.detach(), s.detach()
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1)
