"""Three entropies, the rest by the chain rule."""


def channel_information(p_x, channel):
    joint = torch.einsum("x,xy->xy", p_x, channel)
    H_x, H_y, H_xy = (torch.special.entr(p).sum() for p in (p_x, joint.sum(0), joint))
    return H_x, H_y, H_xy, H_xy - H_y, H_x + H_y - H_xy
