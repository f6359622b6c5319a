"""exp before anything has been taken out.

Weights of images are 0 as numbers: stay in logarithms.
"""


def update(state, log_w):
    n, log_sum, log_sum_of_squares = state
    return (
        n + len(log_w),
        (log_sum.exp() + log_w.exp().sum(dim=0)).log(),
        (log_sum_of_squares.exp() + log_w.exp().square().sum(dim=0)).log(),
    )


def estimate(state):
    n, log_sum, log_sum_of_squares = state
    effective_sample_size = (2 * log_sum - log_sum_of_squares).exp()
    variance = (1 / effective_sample_size - 1 / n).clamp_min(0)
    return log_sum - math.log(n), variance.sqrt(), effective_sample_size
