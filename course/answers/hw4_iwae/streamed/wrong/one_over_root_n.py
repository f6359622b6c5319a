"""The standard error is 1 / root of n, whatever the weights.

It depends on how the weights scatter, through the effective sample size.
"""


def update(state, log_w):
    n, log_sum, log_sum_of_squares = state
    return (
        n + len(log_w),
        torch.logaddexp(log_sum, torch.logsumexp(log_w, dim=0)),
        torch.logaddexp(log_sum_of_squares, torch.logsumexp(2 * log_w, dim=0)),
    )


def estimate(state):
    n, log_sum, log_sum_of_squares = state
    effective_sample_size = (2 * log_sum - log_sum_of_squares).exp()
    variance = (1 / effective_sample_size - 1 / n).clamp_min(0)
    return log_sum - math.log(n), torch.full_like(log_sum, 1 / math.sqrt(n)), effective_sample_size
