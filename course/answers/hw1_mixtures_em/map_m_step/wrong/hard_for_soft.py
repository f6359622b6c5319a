"""Each example counts wholly for its most probable component.

Examples are shared out, as in the plain M-step.
"""


def map_m_step(x, responsibilities, strength, scale):
    responsibilities = torch.nn.functional.one_hot(responsibilities.argmax(dim=1), responsibilities.shape[1]).to(
        x.dtype
    )
    counts = responsibilities.sum(dim=0).clamp_min(1e-6)
    means = responsibilities.T @ x / counts[:, None]
    differences = x[:, None, :] - means
    scatters = torch.einsum("nk,nki,nkj->kij", responsibilities, differences, differences)
    imagined = strength * scale * torch.eye(x.shape[1], dtype=x.dtype)
    return counts / len(x), means, (scatters + imagined) / (counts + strength)[:, None, None]
