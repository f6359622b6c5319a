"""The strangers' y are drawn uniformly, not from p(y).

The second expectation is under p(x)p(y).
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] / channel.shape[1]) * channel.log()).sum()
    return (0.5 * information / club * channel.log()).softmax(dim=1)
