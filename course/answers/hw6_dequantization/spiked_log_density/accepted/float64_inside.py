"""Computed in float64, the levels first, and cast back."""


def spiked_log_density(y, probabilities, scale):
    wide = y.double()
    log_p = probabilities.double().log()
    terms = [log_p[k] - 0.5 * (((wide - k) / scale) ** 2 + LN_2PI) - math.log(scale) for k in range(len(log_p))]
    return torch.logsumexp(torch.stack(terms), dim=0).sum(dim=-1).to(y.dtype)
