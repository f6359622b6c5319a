"""Loops with Python numbers for the distances."""


def hard_em(x, means, n_iterations):
    means = [mean.clone() for mean in means]
    bounds = []
    for _ in range(n_iterations):
        groups, total = [], 0.0
        for row in x:
            squares = [float(((row - mean) ** 2).sum()) for mean in means]
            best = min(range(len(means)), key=squares.__getitem__)
            groups.append(best)
            total += -math.log(len(means)) - 0.5 * len(row) * math.log(2 * math.pi) - 0.5 * squares[best]
        bounds.append(total / len(x))
        for z in range(len(means)):
            members = [row for row, group in zip(x, groups) if group == z]
            if members:
                means[z] = sum(members) / len(members)
    return torch.stack(means), torch.tensor(groups), bounds
