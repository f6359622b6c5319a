"""The sum runs down the column: one y against all x.

scores[i, j] = f(x_i, y_j), and row i holds the candidates of x_i: dim=1.
"""


def info_nce(scores):
    return scores.diagonal() - torch.logsumexp(scores, dim=0) + math.log(len(scores))
