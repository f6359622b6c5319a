"""The divisor is n_z + a + d + 1, as with an inverse Wishart prior.

That is another prior. For this one the text has the formula.
"""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    imagined = strength * scale * torch.eye(x.shape[1], dtype=x.dtype)
    return counts / len(x), means, (scatters + imagined) / (counts + strength + x.shape[1] + 1)[:, None, None]
