"""The diagonal of a new tensor added to in place."""


def map_m_step(x, responsibilities, strength, scale):
    k, d = responsibilities.shape[1], x.shape[1]
    counts = responsibilities.sum(dim=0)
    means = responsibilities.mT @ x / counts.reshape(k, 1)
    covariances = x.new_zeros(k, d, d)
    for z in range(k):
        centred = x - means[z]
        covariances[z] = centred.T @ torch.diag(responsibilities[:, z]) @ centred
        covariances[z].diagonal().add_(strength * scale)
        covariances[z] /= counts[z] + strength
    return counts / x.shape[0], means, covariances
