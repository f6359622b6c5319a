"""One stacked tensor comes back.

Return the five side by side: return a, b, c, d, e.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    H_x, H_y, H_xy = entropy(p_x), entropy(p_y), entropy(joint)
    return torch.stack([H_x, H_y, H_xy, H_xy - H_y, H_x + H_y - H_xy])
