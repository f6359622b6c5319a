"""Loops over parameters, with the variance by hand."""


def signal_to_noise(draws, n_samples):
    ratios = torch.empty_like(draws[:, 0])
    for j, block in enumerate(draws):
        for parameter in range(draws.shape[2]):
            column = block[:, parameter]
            deviation = ((column - column.mean()) ** 2).sum() / (len(column) - 1)
            ratios[j, parameter] = column.mean().abs() / deviation.sqrt()
    logs = [math.log(k) for k in n_samples]
    centre = sum(logs) / len(logs)
    slopes = sum((u - centre) * row.log() for u, row in zip(logs, ratios))
    return ratios, slopes / sum((u - centre) ** 2 for u in logs)
