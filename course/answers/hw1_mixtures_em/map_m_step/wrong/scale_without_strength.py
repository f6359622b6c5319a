"""s I is added to the scatter, without the strength.

There are a imaginary points, each of which adds s.
"""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    imagined = scale * torch.eye(x.shape[1], dtype=x.dtype)
    return counts / len(x), means, (scatters + imagined) / (counts + strength)[:, None, None]
