"""The share t of the channel is mixed with p(y): a mixture is not linear in CLUB.

CLUB is linear in ln q, not in q: raise to the power t, or search.
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    t = 0.5 * information / club
    return t * channel + (1 - t) * p_y
