"""Only the last chunk counts.

The state carries what came before: add to it.
"""


def update(state, log_w):
    n, log_sum, log_sum_of_squares = state
    return (
        n + len(log_w),
        torch.logsumexp(log_w, dim=0),
        torch.logsumexp(2 * log_w, dim=0),
    )


def estimate(state):
    n, log_sum, log_sum_of_squares = state
    effective_sample_size = (2 * log_sum - log_sum_of_squares).exp()
    variance = (1 / effective_sample_size - 1 / n).clamp_min(0)
    return log_sum - math.log(n), variance.sqrt(), effective_sample_size
