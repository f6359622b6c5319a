"""Entropies are estimated from a sample.

All probabilities are given: sums over letters are exact.
"""


def channel_information(p_x, channel):
    joint = p_x[:, None] * channel
    generator = torch.Generator().manual_seed(0)
    drawn = torch.multinomial(joint.flatten(), 20000, replacement=True, generator=generator)
    joint = (torch.bincount(drawn, minlength=joint.numel()).reshape(joint.shape) / 20000).to(joint.dtype)
    entropy = lambda p: -torch.xlogy(p, p).sum()
    H_x, H_y, H_xy = entropy(joint.sum(dim=1)), entropy(joint.sum(dim=0)), entropy(joint)
    return H_x, H_y, H_xy, H_xy - H_y, H_x + H_y - H_xy
