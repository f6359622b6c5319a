"""ln N is subtracted.

The mean over candidates is below the fraction: - ln((1/N) sum) = - ln sum + ln N.
"""


def info_nce(scores):
    return scores.diagonal() - torch.logsumexp(scores, dim=1) - math.log(len(scores))
