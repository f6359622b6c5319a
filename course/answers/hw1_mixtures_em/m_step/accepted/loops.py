"""Loops over components and examples."""


def m_step(x, responsibilities):
    weights, means, covariances = [], [], []
    for z in range(responsibilities.shape[1]):
        share = responsibilities[:, z]
        count = share.sum()
        mean = sum(r * row for r, row in zip(share, x)) / count
        covariance = sum(r * torch.outer(row - mean, row - mean) for r, row in zip(share, x)) / count
        weights.append(count / len(x))
        means.append(mean)
        covariances.append(covariance)
    return torch.stack(weights), torch.stack(means), torch.stack(covariances)
