"""A chunk with weights of 0 only gives NaN.

The largest is minus infinity, and minus infinity minus itself is NaN: torch.logsumexp and torch.logaddexp know.
"""


def update(state, log_w):
    n, log_sum, log_sum_of_squares = state
    top = log_w.max(dim=0).values
    return (
        n + len(log_w),
        torch.maximum(log_sum, top)
        + (
            (log_sum - torch.maximum(log_sum, top)).exp()
            + (log_w - torch.maximum(log_sum, top)).exp().sum(dim=0)
        ).log(),
        torch.logaddexp(log_sum_of_squares, torch.logsumexp(2 * log_w, dim=0)),
    )


def estimate(state):
    n, log_sum, log_sum_of_squares = state
    effective_sample_size = (2 * log_sum - log_sum_of_squares).exp()
    variance = (1 / effective_sample_size - 1 / n).clamp_min(0)
    return log_sum - math.log(n), variance.sqrt(), effective_sample_size
