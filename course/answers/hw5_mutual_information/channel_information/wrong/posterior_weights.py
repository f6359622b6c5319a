"""H(X|Y) sums the posterior's own p ln p, not weighted with p(y).

The doubt is averaged over what is received: the weights are p(x, y), not p(x|y).
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    posterior = torch.where(p_y > 0, joint / p_y.clamp(min=1e-30), 0 * joint)
    return entropy(p_x), entropy(p_y), entropy(joint), entropy(posterior), entropy(p_x) + entropy(p_y) - entropy(joint)
