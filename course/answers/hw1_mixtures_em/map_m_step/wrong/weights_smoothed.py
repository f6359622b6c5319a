"""The imaginary points count in the weights, too.

The prior is on the covariances alone.
"""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    imagined = strength * scale * torch.eye(x.shape[1], dtype=x.dtype)
    return (
        (counts + strength) / (counts + strength).sum(),
        means,
        (scatters + imagined) / (counts + strength)[:, None, None],
    )
