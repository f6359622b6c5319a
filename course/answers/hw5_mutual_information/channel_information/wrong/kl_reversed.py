"""The KL runs the other way: from p(x)p(y) to p(x, y).

KL is not symmetric: average ln p(x, y) / (p(x) p(y)) under p(x, y). The other way round is lautum information, and infinite where the joint has a zero.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    apart = p_x[:, None] * p_y
    information = (torch.xlogy(apart, apart) - torch.xlogy(apart, joint)).sum()
    return entropy(p_x), entropy(p_y), entropy(joint), entropy(joint) - entropy(p_y), information
