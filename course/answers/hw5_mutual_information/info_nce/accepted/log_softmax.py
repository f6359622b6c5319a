"""The diagonal of log_softmax, in float64."""


def info_nce(scores):
    log_share = torch.log_softmax(scores.double(), dim=-1)
    return (log_share.diag() + math.log(scores.size(1))).to(scores.dtype)
