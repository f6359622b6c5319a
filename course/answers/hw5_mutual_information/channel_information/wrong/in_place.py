"""The channel is multiplied in place: the caller's table is changed.

Operators like *= write into the tensor itself.
"""


def channel_information(p_x, channel):
    channel *= p_x[:, None]
    p_y = channel.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(channel)
    return H_x, H_y, H_xy, H_xy - H_y, H_x + H_y - H_xy
