"""Loops over letters, skipping zeros."""


def channel_information(p_x, channel):
    n_x, n_y = channel.shape
    p_y = [sum(p_x[x] * channel[x, y] for x in range(n_x)) for y in range(n_y)]
    zero = torch.zeros((), dtype=p_x.dtype)
    H_x, H_y, H_xy, left, information = (zero.clone() for _ in range(5))
    for x in range(n_x):
        if p_x[x] > 0:
            H_x -= p_x[x] * p_x[x].log()
    for p in p_y:
        if p > 0:
            H_y -= p * p.log()
    for x in range(n_x):
        for y in range(n_y):
            p = p_x[x] * channel[x, y]
            if p > 0:
                H_xy -= p * p.log()
                left -= p * (p / p_y[y]).log()
                information += p * (p / (p_x[x] * p_y[y])).log()
    return H_x, H_y, H_xy, left, information
