"""p(x|y) is made by dividing by p(y), which may be zero.

A letter that is never received gives 0 / 0 = nan. It has no weight: leave it out.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    conditional = -torch.xlogy(joint, joint / p_y).sum()
    return entropy(p_x), entropy(p_y), entropy(joint), conditional, entropy(p_x) - conditional
