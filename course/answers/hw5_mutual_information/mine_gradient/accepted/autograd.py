"""By autograd: the batch's bound, and a surrogate with the average as a number."""


def mine_gradient(scores, log_average, rate):
    leaf = scores.detach().clone().requires_grad_()
    n = leaf.shape[0]
    others = leaf[~torch.eye(n, dtype=torch.bool)]
    log_mean = others.logsumexp(0) - math.log(n * (n - 1))
    (biased,) = torch.autograd.grad(leaf.diagonal().mean() - log_mean, leaf, retain_graph=True)
    average = torch.logaddexp(log_average + math.log1p(-rate), log_mean.detach() + math.log(rate))
    surrogate = leaf.diagonal().mean() - (others - average).exp().mean()
    (mended,) = torch.autograd.grad(surrogate, leaf)
    return biased, mended, average
