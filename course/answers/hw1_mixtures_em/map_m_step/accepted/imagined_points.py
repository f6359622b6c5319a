"""With a imaginary points that are really there: mu plus and minus sqrt(d s) along each axis."""


def map_m_step(x, responsibilities, strength, scale):
    n, d = x.shape
    counts = responsibilities.sum(dim=0)
    means = (responsibilities[:, :, None] * x[:, None, :]).sum(dim=0) / counts[:, None]
    axes = math.sqrt(d * scale) * torch.cat(
        [torch.eye(d, dtype=x.dtype), -torch.eye(d, dtype=x.dtype)]
    )  # 2 d points around 0
    shares = torch.full((2 * d,), strength / (2 * d), dtype=x.dtype)
    covariances = []
    for z in range(len(counts)):
        rows = torch.cat([x - means[z], axes])
        weight = torch.cat([responsibilities[:, z], shares])
        covariances.append((weight[:, None] * rows).T @ rows / weight.sum())
    return counts / n, means, torch.stack(covariances)
