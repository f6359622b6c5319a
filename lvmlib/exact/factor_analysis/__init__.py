"""Linear-Gaussian latent variable models: factor analysis and probabilistic PCA.

    model = FactorAnalysis(n_components=3).fit(x)
    model.transform(x)          # E[z|x]
    model.score_samples(x)      # ln p(x)
"""

from lvmlib.exact.factor_analysis.factor_analysis import FactorAnalysis
from lvmlib.exact.factor_analysis.linear_gaussian import FactorPosterior, LinearGaussian
from lvmlib.exact.factor_analysis.linear_gaussian_model import HeywoodWarning
from lvmlib.exact.factor_analysis.probabilistic_pca import ProbabilisticPCA
from lvmlib.exact.factor_analysis.rotation import varimax

__all__ = ["FactorAnalysis", "FactorPosterior", "HeywoodWarning", "LinearGaussian", "ProbabilisticPCA", "varimax"]
