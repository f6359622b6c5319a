"""The largest value is taken out and not put back.

ln mean(w) = m + ln mean(exp(ln w - m)).
"""


def iwae(log_w):
    top = log_w.max(dim=0).values
    return (log_w - top).exp().mean(dim=0).log()
