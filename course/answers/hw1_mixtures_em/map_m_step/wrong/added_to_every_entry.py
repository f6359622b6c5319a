"""a s is added to every entry, not to the diagonal.

The imaginary points are scattered alike in every direction, without correlation: a multiple of the identity.
"""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    imagined = strength * scale
    return counts / len(x), means, (scatters + imagined) / (counts + strength)[:, None, None]
