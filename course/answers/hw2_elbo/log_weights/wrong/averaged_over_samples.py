"""The mean over the samples is returned: the ELBO.

Return the log-weights themselves, one for each sample.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return (log_joint - log_normal(z, mean, log_scale)).mean(dim=0)
