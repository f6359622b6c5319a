"""The biased one by softmax, the mended one as its multiple."""


def mine_gradient(scores, log_average, rate):
    n = len(scores)
    negatives = scores + torch.diag(torch.full((n,), -math.inf, dtype=scores.dtype))
    share = negatives.flatten().softmax(0).reshape(n, n)
    log_mean = negatives.flatten().logsumexp(0) - math.log(n) - math.log(n - 1)
    both = torch.stack([log_average + math.log(1 - rate), log_mean + math.log(rate)])
    new_average = both.logsumexp(0)
    eye = torch.eye(n, dtype=scores.dtype) / n
    return [eye - share, eye - share * (log_mean - new_average).exp(), new_average]
