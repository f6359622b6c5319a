"""Latent variable models in PyTorch: exact, amortized, and the bounds between them.

Import what you use from its own module, for example
``from lvmlib.exact.mixture import GaussianMixture``; nothing is imported here.
"""
