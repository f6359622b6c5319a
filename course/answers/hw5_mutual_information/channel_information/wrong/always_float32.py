"""The results are float32 whatever came in.

Return the dtype that you were given.
"""


def channel_information(p_x, channel):
    p_x, channel = p_x.float(), channel.float()
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    return H_x, H_y, H_xy, H_xy - H_y, H_x + H_y - H_xy
