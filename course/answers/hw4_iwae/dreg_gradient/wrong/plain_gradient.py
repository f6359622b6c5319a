"""The plain gradient comes back, score included.

While z is varied, the parameters inside ln q are constants.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    mean = mean.clone().requires_grad_()
    log_scale = log_scale.clone().requires_grad_()
    z = mean + log_scale.exp() * noise
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    return torch.autograd.grad(torch.logsumexp(log_w, dim=0).sum(), (mean, log_scale))
