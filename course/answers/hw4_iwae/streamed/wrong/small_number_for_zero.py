"""ln 0 is replaced by a large negative number that is not large enough.

Weights may be as small as e^-3000; minus infinity is a number that logsumexp can use.
"""


def update(state, log_w):
    n, log_sum, log_sum_of_squares = state
    log_sum, log_sum_of_squares = log_sum.clamp_min(-1000), log_sum_of_squares.clamp_min(-1000)
    return (
        n + len(log_w),
        torch.logaddexp(log_sum, torch.logsumexp(log_w, dim=0)),
        torch.logaddexp(log_sum_of_squares, torch.logsumexp(2 * log_w, dim=0)),
    )


def estimate(state):
    n, log_sum, log_sum_of_squares = state
    effective_sample_size = (2 * log_sum - log_sum_of_squares).exp()
    variance = (1 / effective_sample_size - 1 / n).clamp_min(0)
    return log_sum - math.log(n), variance.sqrt(), effective_sample_size
