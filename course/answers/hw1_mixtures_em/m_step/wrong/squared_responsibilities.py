"""The responsibilities are squared in the covariances.

Both differences were weighted; the outer product needs the weight once.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities.square(), differences, differences)
    return counts / len(x), means, scatters / counts[:, None, None]
