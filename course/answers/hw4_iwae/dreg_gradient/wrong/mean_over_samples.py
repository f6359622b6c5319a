"""The sum over samples is a mean.

The squares of the weights are all that divides.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach().requires_grad_()
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    (path,) = torch.autograd.grad(log_w.sum(), z)
    pull = torch.softmax(log_w.detach(), dim=0).square()[..., None] * path
    return pull.mean(dim=0), (pull * log_scale.exp() * noise).mean(dim=0)
