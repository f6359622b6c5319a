"""The information is halved.

H(X) + H(Y) - H(X,Y) is it, without a factor: the half belongs to Gaussians.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    return H_x, H_y, H_xy, H_xy - H_y, 0.5 * (H_x + H_y - H_xy)
