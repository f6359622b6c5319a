"""Each example counts wholly for its most probable component.

That is hard EM. An example is shared out.
"""


def m_step(x, responsibilities):
    responsibilities = torch.nn.functional.one_hot(responsibilities.argmax(dim=1), responsibilities.shape[1]).to(
        x.dtype
    )
    counts = responsibilities.sum(dim=0).clamp_min(1e-6)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    return counts / len(x), means, scatters / counts[:, None, None]
