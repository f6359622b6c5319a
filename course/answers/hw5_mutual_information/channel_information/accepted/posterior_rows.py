"""H(X|Y) as the mean entropy of p(x|y) over the letters that can be received."""


def channel_information(p_x, channel):
    joint = p_x.unsqueeze(1) * channel
    p_y = joint.sum(dim=0)
    entropy = lambda p: torch.where(p > 0, -p * p.clamp(min=torch.finfo(p.dtype).tiny).log(), 0 * p).sum()
    conditional = torch.zeros_like(p_y[0])
    for weight, column in zip(p_y, joint.T):
        if weight > 0:
            conditional = conditional + weight * entropy(column / weight)
    return [entropy(p_x), entropy(p_y), entropy(joint), conditional, entropy(p_x) - conditional]
