"""The channel's table is taken for the joint distribution.

Its rows sum to one, so all of it sums to n_x: multiply each row with p(x).
"""


def channel_information(p_x, channel):
    joint = channel
    p_y = p_x @ channel
    entropy = lambda p: -torch.xlogy(p, p).sum()
    information = (torch.xlogy(joint, joint) - torch.xlogy(joint, p_x[:, None] * p_y)).sum()
    return entropy(p_x), entropy(p_y), entropy(joint), entropy(joint) - entropy(p_y), information
