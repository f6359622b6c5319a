"""The confidence is a half: CLUB is half of CLUB with the true conditional.

Half of the information is asked for: CLUB(q_t) = t CLUB(p), so t = I / (2 CLUB(p)).
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    return (0.5 * channel.log()).softmax(dim=1)
