"""The gradient of log_scale comes first.

The gradient of the mean first, then that of log_scale.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach().requires_grad_()
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    (path,) = torch.autograd.grad(log_w.sum(), z)
    pull = torch.softmax(log_w.detach(), dim=0).square()[..., None] * path
    return (pull * log_scale.exp() * noise).sum(dim=0), pull.sum(dim=0)
