"""p(x|y) to a power, normalized over y: CLUB is linear in its logarithm, too."""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    log_posterior = (joint / p_y).log()
    information = (joint * (log_posterior - p_x[:, None].log())).sum()
    club = ((joint - p_x[:, None] * p_y) * log_posterior).sum()
    return (0.5 * information / club * log_posterior).softmax(dim=1)
