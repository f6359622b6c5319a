"""H(X|Y) is the plain mean of the posteriors' entropies.

Letters are received with different probabilities: weigh the entropy of p(x|y) with p(y).
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    posterior = torch.where(p_y > 0, joint / p_y.clamp(min=1e-30), 0 * joint)
    conditional = entropy(posterior) / len(p_y)
    return entropy(p_x), entropy(p_y), entropy(joint), conditional, entropy(p_x) + entropy(p_y) - entropy(joint)
