"""All x are taken to be equally likely.

p(x) is given.
"""


def misleading_q(p_x, channel):
    p_x = torch.full_like(p_x, 1 / len(p_x))
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    return (0.5 * information / club * channel.log()).softmax(dim=1)
