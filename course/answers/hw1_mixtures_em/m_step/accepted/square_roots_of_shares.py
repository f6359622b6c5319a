"""Differences scaled by the square root of the share."""


def m_step(x, responsibilities):
    weights = responsibilities.mean(0)
    shares = responsibilities / responsibilities.sum(0, keepdim=True)
    means = shares.mT @ x
    scaled = shares.mT.sqrt().unsqueeze(-1) * (x.unsqueeze(0) - means.unsqueeze(1))  # (k, n, d)
    return weights, means, scaled.mT @ scaled
