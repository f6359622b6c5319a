"""S_1 is not squared in the effective sample size.

S_1^2 / S_2: 2 ln S_1 - ln S_2.
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
    effective_sample_size = (log_sum - log_sum_of_squares).exp()
    variance = (1 / effective_sample_size - 1 / n).clamp_min(0)
    return log_sum - math.log(n), variance.sqrt(), effective_sample_size
