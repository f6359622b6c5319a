"""The scatter is divided by n_z - 1.

That is the unbiased estimate. Maximum likelihood divides by n_z; with n_z below 1 yours is even negative.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, scatters / (counts - 1)[:, None, None]
