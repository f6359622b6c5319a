"""The information is taken as a KL the other way round.

KL(p(x, y) || p(x)p(y)): averaged under p(x, y).
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (p_x[:, None] * p_y * (p_y / channel).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    return (0.5 * information / club * channel.log()).softmax(dim=1)
