"""The information alone is in bits.

One unit for all: nats.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    return H_x, H_y, H_xy, H_xy - H_y, (H_x + H_y - H_xy) / math.log(2)
