"""Autograd of the bound, along a step in the parameters."""


def iwae_gradient(log_w, gradients):
    step = torch.zeros_like(gradients[0]).requires_grad_()
    moved = log_w + (gradients * step).sum(dim=-1)
    return torch.autograd.grad(torch.logsumexp(moved, dim=0).sum(), step)[0]
