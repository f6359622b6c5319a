"""p(x|y) is returned.

CLUB has q(y|x) here: rows that sum to one over y.
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    return joint / joint.sum(dim=0)
