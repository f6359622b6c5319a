"""H(Y|X) is taken for H(X|Y), and the information is H(X) less it.

H(X) - H(Y|X) is no information. Either H(X) - H(X|Y) or H(Y) - H(Y|X).
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    conditional = entropy(joint) - entropy(p_y)
    return entropy(p_x), entropy(p_y), entropy(joint), conditional, entropy(p_x) + torch.xlogy(joint, channel).sum()
