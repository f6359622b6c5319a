"""Computed in float64 and given back in the dtype of the arguments."""


def gaussian_kl(mean, log_scale):
    m, s = mean.double(), log_scale.double()
    return ((s.exp().square() + m * m - 1) / 2 - s).sum(dim=1).to(mean.dtype)
