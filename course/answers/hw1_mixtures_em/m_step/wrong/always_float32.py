"""The results are float32 whatever came in.

Return the dtype that you were given.
"""


def m_step(x, responsibilities):
    counts = responsibilities.sum(dim=0)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return (counts / len(x)).float(), means.float(), (scatters / counts[:, None, None]).float()
