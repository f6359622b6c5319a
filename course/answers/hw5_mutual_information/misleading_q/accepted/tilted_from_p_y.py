"""p(y) tilted by a power of the density ratio."""


def misleading_q(p_x, channel):
    p_y = p_x @ channel
    log_ratio = channel.log() - p_y.log()
    joint, apart = torch.einsum("x,xy->xy", p_x, channel), torch.outer(p_x, p_y)
    t = 0.5 * (joint * log_ratio).sum() / ((joint - apart) * log_ratio).sum()
    q = p_y * (t * log_ratio).exp()
    return q / q.sum(dim=1, keepdim=True)
