"""The rows do not sum to one.

q(y|x) is a distribution over y: divide by Z_t(x).
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    return (0.5 * information / club * channel.log()).exp()
