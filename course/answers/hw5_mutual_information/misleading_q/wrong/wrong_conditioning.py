"""The information is H(X) - H(Y|X).

H(Y) - H(Y|X), or H(X) - H(X|Y).
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * channel.log()).sum() - (p_x * p_x.log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    return (0.5 * information / club * channel.log()).softmax(dim=1)
