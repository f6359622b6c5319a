"""Every component gets the mean of all data.

Each component weighs the examples with its own responsibilities.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = x.mean(dim=0).expand(len(counts), -1)
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, scatters / counts[:, None, None]
