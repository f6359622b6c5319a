"""The results are float32 whatever came in.

Return the dtype that you were given.
"""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    imagined = strength * scale * torch.eye(x.shape[1], dtype=x.dtype)
    return (
        (counts / len(x)).float(),
        means.float(),
        ((scatters + imagined) / (counts + strength)[:, None, None]).float(),
    )
