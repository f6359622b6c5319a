"""All weights are equal.

A component that is responsible for more examples is more probable beforehand.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return torch.full_like(counts, 1 / len(counts)), means, scatters / counts[:, None, None]
