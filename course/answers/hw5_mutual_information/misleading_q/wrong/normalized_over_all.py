"""The whole table sums to one: a joint distribution.

Each row of q(y|x) sums to one.
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    return (0.5 * information / club * channel.log()).flatten().softmax(dim=0).reshape(channel.shape)
