"""The slope is that of a line through the first and the last point.

Least squares, through all points.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    logs = ratios.log()
    return ratios, (logs[-1] - logs[0]) / math.log(n_samples[-1] / n_samples[0])
