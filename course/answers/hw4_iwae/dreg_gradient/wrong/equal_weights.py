"""All samples pull with 1 / K.

Each sample pulls with the square of its normalized weight.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach().requires_grad_()
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    (path,) = torch.autograd.grad(log_w.sum(), z)
    return path.mean(dim=0), (path * log_scale.exp() * noise).mean(dim=0)
