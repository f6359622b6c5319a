"""The diagonal is multiplied by 0 after the exponential.

e^800 is inf as a number, and inf * 0 is nan: leave it out before.
"""


def mine_gradient(scores, log_average, rate):
    n = len(scores)
    on_diagonal = torch.eye(n, dtype=torch.bool)
    others = scores.masked_fill(on_diagonal, -math.inf) - math.log(n * (n - 1))
    top = scores.masked_fill(on_diagonal, -math.inf).max()
    others = ((scores - top).exp() * (~on_diagonal).to(scores.dtype)).log() + top - math.log(n * (n - 1))
    log_mean = torch.logsumexp(others.flatten(), dim=0)
    new_average = torch.logaddexp(log_average + math.log(1 - rate), log_mean + math.log(rate))
    towards_true_pairs = on_diagonal.to(scores.dtype) / n
    biased = towards_true_pairs - (others - log_mean).exp()
    mended = towards_true_pairs - (others - new_average).exp()
    return biased, mended, new_average
