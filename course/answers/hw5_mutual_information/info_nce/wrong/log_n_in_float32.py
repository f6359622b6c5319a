"""ln N is a tensor in float32, within a table in float64.

torch.log(torch.tensor(7.0)) has seven digits: math.log(7) has sixteen.
"""


def info_nce(scores):
    return scores.diagonal() - torch.logsumexp(scores, dim=1) + torch.log(torch.tensor(float(len(scores))))
