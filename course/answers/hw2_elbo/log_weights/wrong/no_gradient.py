"""The result is cut from the graph (no_grad, detach, NumPy).

The bound is to be climbed: gradients must flow.
"""


@torch.no_grad()
def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, log_scale)
