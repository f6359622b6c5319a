"""H(Y|X) is returned for H(X|Y).

The channel's table holds p(y|x). H(X|Y) is the doubt about x once y is known: make p(x|y) = p(x, y) / p(y) first, or use H(X,Y) - H(Y).
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    conditional = -torch.xlogy(joint, channel).sum()
    return entropy(p_x), entropy(p_y), entropy(joint), conditional, entropy(p_x) + entropy(p_y) - entropy(joint)
