"""A small number is added within each logarithm.

That changes every answer: handle zeros exactly, by torch.xlogy or by leaving them out.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -(p * (p + 1e-6).log()).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    return H_x, H_y, H_xy, H_xy - H_y, H_x + H_y - H_xy
