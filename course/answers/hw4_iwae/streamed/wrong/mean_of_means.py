"""The running value is averaged with the chunk's mean.

Chunks of different sizes then count alike; the sums are what can be added.
"""


def update(state, log_w):
    n, log_sum, log_sum_of_squares = state
    return (
        n + len(log_w),
        torch.where(
            torch.isfinite(log_sum),
            torch.logaddexp(log_sum, torch.logsumexp(log_w, dim=0) - math.log(len(log_w))) - math.log(2),
            torch.logsumexp(log_w, dim=0) - math.log(len(log_w)),
        ),
        torch.logaddexp(log_sum_of_squares, torch.logsumexp(2 * log_w, dim=0)),
    )


def estimate(state):
    n, log_sum, log_sum_of_squares = state
    effective_sample_size = (2 * log_sum - log_sum_of_squares).exp()
    variance = (1 / effective_sample_size - 1 / n).clamp_min(0)
    return log_sum - math.log(n), variance.sqrt(), effective_sample_size
