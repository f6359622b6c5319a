"""All components share one covariance.

Each component has a covariance of its own: what you have is the tied mixture.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, (scatters.sum(dim=0) / len(x)).expand_as(scatters)
