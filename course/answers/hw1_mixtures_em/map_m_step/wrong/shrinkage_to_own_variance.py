"""The covariances are shrunk to their own mean variance, not to s.

The prior does not look at the data: s is given.
"""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    own = (scatters / counts[:, None, None]).diagonal(dim1=1, dim2=2).mean(dim=1)
    imagined = strength * own[:, None, None] * torch.eye(x.shape[1], dtype=x.dtype)
    return counts / len(x), means, (scatters + imagined) / (counts + strength)[:, None, None]
