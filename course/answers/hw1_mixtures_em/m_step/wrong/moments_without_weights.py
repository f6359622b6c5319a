"""The covariances are taken as E[x x^T] without the responsibilities, less mu mu^T.

Both moments are weighted means with the same responsibilities.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, (x.T @ x / len(x)) - means[:, :, None] * means[:, None, :]
