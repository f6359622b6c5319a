"""ln q by the change of variables from the noise."""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = torch.addcmul(mean.expand_as(noise), log_scale.exp().expand_as(noise), noise)
    log_q = log_normal(noise, 0.0, 0.0) - log_scale.sum(dim=1)
    return log_likelihood(x, z, weight, bias) + log_normal(z, 0.0, 0.0) - log_q
