"""The largest score of each row taken out by hand."""


def info_nce(scores):
    top = scores.max(dim=1, keepdim=True).values.detach()
    shifted = scores - top
    return torch.einsum("ii->i", shifted) - shifted.exp().mean(dim=1).log()
