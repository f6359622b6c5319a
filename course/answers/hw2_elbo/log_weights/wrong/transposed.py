"""Examples come first.

The result is (K, N): samples in the first axis.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return (log_joint - log_normal(z, mean, log_scale)).T
