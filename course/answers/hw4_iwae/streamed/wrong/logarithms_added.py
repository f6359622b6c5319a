"""Logarithms of sums are added, which multiplies the sums.

The sum of two sums, as logarithms: torch.logaddexp.
"""


def update(state, log_w):
    n, log_sum, log_sum_of_squares = state
    return (
        n + len(log_w),
        torch.where(torch.isfinite(log_sum), log_sum, 0.0) + torch.logsumexp(log_w, dim=0),
        torch.where(torch.isfinite(log_sum_of_squares), log_sum_of_squares, 0.0) + torch.logsumexp(2 * log_w, dim=0),
    )


def estimate(state):
    n, log_sum, log_sum_of_squares = state
    effective_sample_size = (2 * log_sum - log_sum_of_squares).exp()
    variance = (1 / effective_sample_size - 1 / n).clamp_min(0)
    return log_sum - math.log(n), variance.sqrt(), effective_sample_size
