"""The means are not subtracted in the covariances.

The mean of x x^T is not the covariance unless the mean is 0.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :].expand(-1, len(means), -1)
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, scatters / counts[:, None, None]
