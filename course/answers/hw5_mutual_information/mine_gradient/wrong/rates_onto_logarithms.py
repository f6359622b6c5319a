"""The weights are multiplied onto the logarithms.

ln((1 - r) m) = ln m + ln(1 - r): a factor on the logarithm is a power of the average.
"""


def mine_gradient(scores, log_average, rate):
    n = len(scores)
    on_diagonal = torch.eye(n, dtype=torch.bool)
    others = scores.masked_fill(on_diagonal, -math.inf) - math.log(n * (n - 1))
    log_mean = torch.logsumexp(others.flatten(), dim=0)
    new_average = torch.logaddexp((1 - rate) * log_average, rate * log_mean)
    towards_true_pairs = on_diagonal.to(scores.dtype) / n
    biased = towards_true_pairs - (others - log_mean).exp()
    mended = towards_true_pairs - (others - new_average).exp()
    return biased, mended, new_average
