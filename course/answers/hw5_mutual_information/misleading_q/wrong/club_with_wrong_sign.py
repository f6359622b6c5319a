"""CLUB's sign is turned: strangers less true pairs.

E under p(x, y) minus E under p(x)p(y): true pairs first.
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((p_x[:, None] * p_y - joint) * channel.log()).sum()
    return (0.5 * information / club * channel.log()).softmax(dim=1)
