"""The counts are divided by the number of components.

The weight is a share of the examples. How many examples are there?
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / responsibilities.shape[1], means, scatters / counts[:, None, None]
