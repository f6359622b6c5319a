"""The constants ln 2 pi cancelled on paper: n_x / 2 is left of them."""


def decoder_bound(x, y, W, b, log_scale, covariance):
    error = (x - torch.einsum("xy,ny->nx", W, y) - b) * torch.exp(-log_scale)
    constant = 0.5 * torch.slogdet(covariance)[1] + 0.5 * x.shape[1] - log_scale.sum()
    return constant - 0.5 * (error * error).sum(-1)
