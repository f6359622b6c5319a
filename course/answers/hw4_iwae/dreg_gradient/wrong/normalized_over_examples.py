"""The weights are normalized over the examples.

They sum to 1 over the samples of each example: the first dimension.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach().requires_grad_()
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    (path,) = torch.autograd.grad(log_w.sum(), z)
    pull = torch.softmax(log_w.detach(), dim=1).square()[..., None] * path
    return pull.sum(dim=0), (pull * log_scale.exp() * noise).sum(dim=0)
