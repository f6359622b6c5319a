"""e^f is computed as it stands.

e^900 is inf as a number: stay in logarithms.
"""


def mine_gradient(scores, log_average, rate):
    n = len(scores)
    on_diagonal = torch.eye(n, dtype=torch.bool)
    others = scores.masked_fill(on_diagonal, -math.inf) - math.log(n * (n - 1))
    log_mean = others.exp().sum().log()
    new_average = torch.logaddexp(log_average + math.log(1 - rate), log_mean + math.log(rate))
    towards_true_pairs = on_diagonal.to(scores.dtype) / n
    biased = towards_true_pairs - (others - log_mean).exp()
    mended = towards_true_pairs - (others - new_average).exp()
    return biased, mended, new_average
