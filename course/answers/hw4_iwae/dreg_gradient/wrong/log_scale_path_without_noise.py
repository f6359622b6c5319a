"""The path to log_scale has no noise in it.

dz / d log_scale is scale times noise, another for each sample.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach().requires_grad_()
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    (path,) = torch.autograd.grad(log_w.sum(), z)
    pull = torch.softmax(log_w.detach(), dim=0).square()[..., None] * path
    return pull.sum(dim=0), (pull * log_scale.exp()).sum(dim=0)
