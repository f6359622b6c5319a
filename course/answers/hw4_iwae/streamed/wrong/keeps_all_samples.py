"""All samples are kept in the state.

Then memory grows with K. The three numbers are enough.
"""


def update(state, log_w):
    n, log_sum, log_sum_of_squares = state
    return (
        n + len(log_w),
        torch.cat([log_sum.reshape(-1, log_w.shape[1]), log_w]),
        torch.logaddexp(log_sum_of_squares, torch.logsumexp(2 * log_w, dim=0)),
    )


def estimate(state):
    n, log_sum, log_sum_of_squares = state
    effective_sample_size = (2 * torch.logsumexp(log_sum, dim=0) - log_sum_of_squares).exp()
    variance = (1 / effective_sample_size - 1 / n).clamp_min(0)
    return torch.logsumexp(log_sum, dim=0) - math.log(n), variance.sqrt(), effective_sample_size
