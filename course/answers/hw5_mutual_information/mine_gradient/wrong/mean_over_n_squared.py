"""The mean is over N^2 pairs, though the diagonal is out.

N(N - 1) are left.
"""


def mine_gradient(scores, log_average, rate):
    n = len(scores)
    on_diagonal = torch.eye(n, dtype=torch.bool)
    others = scores.masked_fill(on_diagonal, -math.inf) - math.log(n * n)
    log_mean = torch.logsumexp(others.flatten(), dim=0)
    new_average = torch.logaddexp(log_average + math.log(1 - rate), log_mean + math.log(rate))
    towards_true_pairs = on_diagonal.to(scores.dtype) / n
    biased = towards_true_pairs - (others - log_mean).exp()
    mended = towards_true_pairs - (others - new_average).exp()
    return biased, mended, new_average
