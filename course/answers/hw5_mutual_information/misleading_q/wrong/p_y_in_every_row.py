"""p(y) in every row: a q that does not look at x.

CLUB is then 0, not half of the information.
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    return p_y.expand(channel.shape).clone()
