"""A confidence that fits one channel is written down.

It depends on the channel: compute it.
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    return (0.2378958 * channel.log()).softmax(dim=1)
