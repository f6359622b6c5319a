"""One covariance comes back, for all components.

Each component has a covariance of its own.
"""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    imagined = strength * scale * torch.eye(x.shape[1], dtype=x.dtype)
    return counts / len(x), means, (scatters.sum(dim=0) + imagined) / (len(x) + strength)
