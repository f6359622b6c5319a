"""The covariances do not use the responsibilities.

An example counts for a component as much as the component is responsible for it.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nki,nkj->kij", differences, differences)
    return counts / len(x), means, scatters / len(x)
