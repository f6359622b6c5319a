"""The log-determinant is averaged over the numbers.

The determinant is a product: its logarithm is a sum.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - torch.nn.functional.logsigmoid(s).mean(dim=-1)
