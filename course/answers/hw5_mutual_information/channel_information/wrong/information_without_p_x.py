"""The KL is averaged over the channel's table, not over the joint distribution.

Each row counts with its p(x): the weights are p(x, y).
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    information = (torch.xlogy(channel, channel) - torch.xlogy(channel, p_y)).sum()
    return H_x, H_y, H_xy, H_xy - H_y, information
