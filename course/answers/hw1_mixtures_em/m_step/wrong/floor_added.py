"""A small number is added to the diagonals.

That keeps covariances from collapsing, but it is not the maximum of the bound. (A later item does it
properly.)
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, scatters / counts[:, None, None] + 1e-3 * torch.eye(x.shape[1], dtype=x.dtype)
