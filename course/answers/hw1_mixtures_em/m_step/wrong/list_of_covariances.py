"""The covariances come as a list.

Stack them into one tensor (k, d, d).
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, list(scatters / counts[:, None, None])
