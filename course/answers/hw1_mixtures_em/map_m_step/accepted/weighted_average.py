"""A weighted average of the plain covariance and s I."""


def map_m_step(x, responsibilities, strength, scale):
    counts = responsibilities.sum(0)
    means = torch.einsum("nk,nd->kd", responsibilities, x) / counts.unsqueeze(1)
    centred = x.unsqueeze(1) - means
    plain = torch.einsum("nk,nki,nkj->kij", responsibilities / counts, centred, centred)
    trust = (counts / (counts + strength)).view(-1, 1, 1)
    return responsibilities.mean(0), means, trust * plain + (1 - trust) * scale * torch.eye(x.size(1), dtype=x.dtype)
