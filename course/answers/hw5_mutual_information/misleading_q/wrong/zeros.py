"""Small probabilities are cut off to 0.

q must be positive: ln 0 is -inf.
"""


def misleading_q(p_x, channel):
    joint = p_x[:, None] * channel
    p_y = joint.sum(dim=0)
    information = (joint * (channel / p_y).log()).sum()
    club = ((joint - p_x[:, None] * p_y) * channel.log()).sum()
    q = (0.5 * information / club * channel.log()).softmax(dim=1)
    q = torch.where(q < q.amax(dim=1, keepdim=True), 0 * q, q)
    return q / q.sum(dim=1, keepdim=True)
