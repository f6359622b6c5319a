"""The expectation under p(x, y) is missing from CLUB.

CLUB = E[ln q] under p(x, y) less E[ln q] under p(x)p(y).
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = (p_x[:, None] * p_y * channel.log()).sum()
    return (0.5 * information / club * channel.log()).softmax(dim=1)
