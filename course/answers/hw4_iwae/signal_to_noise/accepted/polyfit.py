"""With NumPy's polyfit, and logarithms to base 10 on both axes."""


def signal_to_noise(draws, n_samples):
    np = __import__("numpy")

    ratios = (draws.mean(1) / draws.std(1)).abs()
    slopes = np.polyfit(np.log10(np.array(n_samples)), ratios.double().log10().numpy(), 1)[0]
    return ratios, torch.from_numpy(slopes).to(draws.dtype)
