"""The squared weights are differentiated as well.

The normalized weights are numbers: detach them.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    mean = mean.clone().requires_grad_()
    log_scale = log_scale.clone().requires_grad_()
    z = mean + log_scale.exp() * noise
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean.detach(), log_scale.detach())
    return torch.autograd.grad((torch.softmax(log_w, dim=0).square() * log_w).sum(), (mean, log_scale))
