"""Loops over components and examples, in float64."""


def map_m_step(x, responsibilities, strength, scale):
    y, q = x.double(), responsibilities.double()
    weights, means, covariances = [], [], []
    for share in q.T:
        count = share.sum()
        mean = share @ y / count
        scatter = torch.eye(y.shape[1], dtype=torch.float64) * (strength * scale)
        for r, row in zip(share, y):
            scatter += r * torch.outer(row - mean, row - mean)
        weights.append(count / y.shape[0])
        means.append(mean)
        covariances.append(scatter / (count + strength))
    return tuple(torch.stack(parts).to(x.dtype) for parts in (weights, means, covariances))
