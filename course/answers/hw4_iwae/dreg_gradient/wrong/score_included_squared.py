"""The squares are right, but the gradients of ln w have the score in them.

While z is varied, the parameters inside ln q are constants: detach them there.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    mean = mean.clone().requires_grad_()
    log_scale = log_scale.clone().requires_grad_()
    z = mean + log_scale.exp() * noise
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    weights = torch.softmax(log_w.detach(), dim=0).square()
    return torch.autograd.grad((weights * log_w).sum(), (mean, log_scale))
