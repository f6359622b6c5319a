"""A loop over the chunk's samples."""


def update(state, log_w):
    n, log_sum, log_sum_of_squares = state
    for row in log_w:
        n = n + 1
        log_sum = torch.logaddexp(log_sum, row)
        log_sum_of_squares = torch.logaddexp(log_sum_of_squares, 2 * row)
    return n, log_sum, log_sum_of_squares


def estimate(state):
    n, log_sum, log_sum_of_squares = state
    log_mean = log_sum - math.log(n)
    log_mean_square = log_sum_of_squares - math.log(n)
    relative_variance = (log_mean_square - 2 * log_mean).exp() - 1
    return log_mean, (relative_variance.clamp(min=0) / n).sqrt(), n / (relative_variance + 1)
