"""Second moments less the mean's outer product, in float64."""


def m_step(x, responsibilities):
    r, y = responsibilities.double(), x.double()
    shares = r / r.sum(dim=0)  # columns sum to 1
    means = torch.einsum("nk,nd->kd", shares, y)
    second_moments = torch.einsum("nk,ni,nj->kij", shares, y, y)
    covariances = second_moments - means.unsqueeze(2) * means.unsqueeze(1)
    return r.mean(dim=0).to(x.dtype), means.to(x.dtype), covariances.to(x.dtype)
