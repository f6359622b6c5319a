"""Covariance and prior are averaged, whatever their numbers of points.

Each counts with its number of points: n_z and a.
"""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    imagined = strength * scale * torch.eye(x.shape[1], dtype=x.dtype)
    return (
        counts / len(x),
        means,
        0.5 * scatters / counts[:, None, None] + 0.5 * scale * torch.eye(x.shape[1], dtype=x.dtype),
    )
