"""The parameters are passed as one tuple.

The star unpacks it: e_step(x, *parameters).
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds = []
    for _ in range(n_iterations):
        responsibilities = e_step(x, parameters)
        bounds.append(float(elbo(x, responsibilities, parameters).mean()))
        parameters = m_step(x, responsibilities)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] <= tolerance:
            break
    return parameters, bounds
