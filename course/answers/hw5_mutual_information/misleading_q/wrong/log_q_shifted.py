"""A small number is added to q, which is then not normalized.

It changes CLUB as well: the channel is positive, nothing needs to be added.
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    return (0.5 * information / club * channel.log()).softmax(dim=1) + 1e-3
