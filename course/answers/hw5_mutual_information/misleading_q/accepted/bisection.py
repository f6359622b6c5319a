"""The confidence found by bisection."""


def misleading_q(p_x, channel):
    wide, table = p_x.double() / p_x.double().sum(), channel.double() / channel.double().sum(1, keepdim=True)
    joint = wide[:, None] * table
    apart = joint.sum(1, keepdim=True) * joint.sum(0)
    target = (joint * (joint / apart).log()).sum() / 2
    low, high = 0.0, 1.0
    for _ in range(60):
        t = (low + high) / 2
        q = table**t / (table**t).sum(1, keepdim=True)
        if ((joint - apart) * q.log()).sum() < target:
            low = t
        else:
            high = t
    return q.to(channel.dtype)
