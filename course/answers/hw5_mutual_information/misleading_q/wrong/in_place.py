"""The channel is overwritten with its powers.

Methods ending in an underscore write into the caller's tensor.
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    t = 0.5 * information / club
    channel.pow_(t)
    return channel / channel.sum(dim=1, keepdim=True)
