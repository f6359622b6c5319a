"""Only the first two components are computed.

The number of components is that of the columns.
"""


def m_step(x, responsibilities):
    k, d = responsibilities.shape[1], x.shape[1]
    weights, means, covariances = (
        torch.zeros(k, dtype=x.dtype),
        torch.zeros(k, d, dtype=x.dtype),
        torch.zeros(k, d, d, dtype=x.dtype),
    )
    for z in range(min(k, 2)):
        share = responsibilities[:, z]
        weights[z] = share.mean()
        means[z] = share @ x / share.sum()
        covariances[z] = (x - means[z]).T @ (share[:, None] * (x - means[z])) / share.sum()
    return weights, means, covariances
