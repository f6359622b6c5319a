"""A mixture of the channel with p(y), its share found by bisection."""


def misleading_q(p_x, channel):
    wide, table = p_x.double(), channel.double()
    joint = wide[:, None] * table
    p_y = joint.sum(0)
    apart = wide[:, None] * p_y
    club = lambda share: float(((joint - apart) * (share * table + (1 - share) * p_y).log()).sum())
    target = float((joint * (table / p_y).log()).sum()) / 2
    low, high = 0.0, 1.0
    while high - low > 1e-14:
        middle = (low + high) / 2
        low, high = (middle, high) if club(middle) < target else (low, middle)
    q = low * table + (1 - low) * p_y
    return (q / q.sum(1, keepdim=True)).to(channel.dtype)
