"""The data are centred in place.

x -= ... changes what the caller passed. x - ... makes a new tensor.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    centre = x.mean(dim=0)
    x -= centre
    differences = x[:, None, :] - (means - centre)
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, scatters / counts[:, None, None]
