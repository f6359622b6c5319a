"""The new average comes back with the graph that made it.

The next batch takes it as a number: detach it, or graphs of all batches pile up.
"""


def mine_gradient(scores, log_average, rate):
    leaf = scores.detach().clone().requires_grad_()
    n = len(leaf)
    others = leaf[~torch.eye(n, dtype=torch.bool)]
    log_mean = torch.logsumexp(others, dim=0) - math.log(n * (n - 1))
    new_average = torch.logaddexp(log_average + math.log(1 - rate), log_mean + math.log(rate))
    (biased,) = torch.autograd.grad(leaf.diagonal().mean() - log_mean, leaf, retain_graph=True)
    surrogate = leaf.diagonal().mean() - (others - new_average.detach()).exp().mean()
    (mended,) = torch.autograd.grad(surrogate, leaf, retain_graph=True)
    return biased, mended, new_average
