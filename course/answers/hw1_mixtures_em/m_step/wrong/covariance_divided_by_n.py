"""The scatter is divided by n, not by n_z.

Each component's covariance is a mean over its own effective examples.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, scatters / len(x)
