"""With the transpose, and ln K as a tensor."""


def iwae(log_w):
    columns = log_w.T
    return columns.logsumexp(-1) - torch.tensor(float(columns.shape[-1]), dtype=log_w.dtype).log()
