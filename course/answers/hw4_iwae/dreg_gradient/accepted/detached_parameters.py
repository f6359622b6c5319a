"""Autograd all the way, with q's parameters detached inside ln q."""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    mean = mean.clone().requires_grad_()
    log_scale = log_scale.clone().requires_grad_()
    z = mean + log_scale.exp() * noise
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean.detach(), log_scale.detach())
    with torch.no_grad():
        squares = torch.softmax(log_w, dim=0) ** 2
    (squares * log_w).sum().backward()
    return mean.grad, log_scale.grad
