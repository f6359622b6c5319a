"""s I is added to the finished covariance: the covariance floor.

That is the simpler cure that libraries use. The maximum a posteriori weighs s by a, and n_z by n_z.
"""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    imagined = strength * scale * torch.eye(x.shape[1], dtype=x.dtype)
    return counts / len(x), means, scatters / counts[:, None, None] + scale * torch.eye(x.shape[1], dtype=x.dtype)
