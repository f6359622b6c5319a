"""Loops over levels and places."""


def tabulated_bounds(p, q):
    exact, uniform, variational = [], [], []
    for row, weights in zip(p, q):
        exact.append(torch.log(row.sum() / len(row)))
        uniform.append(sum(torch.log(value) for value in row) / len(row))
        terms = [weight * (torch.log(value) - torch.log(weight)) for value, weight in zip(row, weights) if weight > 0]
        variational.append(sum(terms) / len(row))
    return torch.stack(exact), torch.stack(uniform), torch.stack(variational)
