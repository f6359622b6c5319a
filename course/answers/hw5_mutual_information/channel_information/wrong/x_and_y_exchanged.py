"""H(X) and H(Y) are returned in each other's place.

Rows belong to x, columns to y: p(y) is the sum over rows, dim=0.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    return H_y, H_x, H_xy, H_xy - H_y, H_x + H_y - H_xy
