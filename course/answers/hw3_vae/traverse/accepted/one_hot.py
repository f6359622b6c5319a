"""A one-hot vector instead of an assignment."""


def traverse(decoder, z, dimension, values):
    chosen = torch.nn.functional.one_hot(torch.tensor(dimension), len(z)).to(z.dtype)
    return 1 / (1 + torch.exp(-mlp(decoder, z * (1 - chosen) + torch.outer(values, chosen))))
