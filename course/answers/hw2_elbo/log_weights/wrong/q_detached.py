"""The parameters of q are detached inside ln q.

That is another estimator of the gradient (sticking the landing, homework 4). Here the gradient is that of the log-
weight as it stands.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean.detach(), log_scale.detach())
