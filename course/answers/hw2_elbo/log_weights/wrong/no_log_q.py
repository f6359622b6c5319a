"""ln q is missing: the log-joint comes back.

Without it, nothing corrects for where the samples were drawn from.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint
