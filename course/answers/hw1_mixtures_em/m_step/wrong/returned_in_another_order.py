"""Means, covariances, weights: returned in another order.

The order is weights, means, covariances, as e_step takes them.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return means, scatters / counts[:, None, None], counts / len(x)
