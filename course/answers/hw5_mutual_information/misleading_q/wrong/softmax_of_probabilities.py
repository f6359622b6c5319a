"""The softmax is taken of probabilities, not of their logarithms.

q_t is p^t / Z: t ln p goes into the softmax.
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    return (0.5 * information / club * channel).softmax(dim=1)
