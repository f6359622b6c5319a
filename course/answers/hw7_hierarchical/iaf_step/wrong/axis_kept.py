"""The sum over the numbers keeps its axis.

ln q has one value a sample: without keepdim.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1, keepdim=True)
