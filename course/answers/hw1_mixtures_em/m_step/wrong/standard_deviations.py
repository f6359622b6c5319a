"""The square roots of the covariances are returned.

A covariance is a mean of products, in squared units.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, (scatters / counts[:, None, None]).abs().sqrt() * scatters.sign()
