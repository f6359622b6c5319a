"""The mean weight by logsumexp, in float64 inside."""


def relative_variances(x, mean, log_scale, noise, noise_scale):
    kept = x.dtype
    x, mean, log_scale, noise = (part.double() for part in (x, mean, log_scale, noise))
    z = torch.addcmul(mean.expand_as(noise), log_scale.exp().expand_as(noise), noise)
    log_sigma = math.log(noise_scale)
    both = []
    for sample, correction in ((noise, 0.0), (z, log_normal(z, 0.0, 0.0) - log_normal(noise, 0.0, 0.0) + log_scale.sum(dim=1))):
        log_w = log_normal(x, sample, log_sigma) + correction
        ratio = torch.exp(log_w - torch.logsumexp(log_w, dim=0) + math.log(len(noise)))
        both.append(((ratio - 1) ** 2).mean(dim=0).to(kept))
    return tuple(both)
