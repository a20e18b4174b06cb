import numpy as np
import pytest
import torch

from tgan.anomaly.images.pca import PrincipalComponents


def make_pictures(count, seed):
    """Pictures (N, 2, 1, 3, 3) whose directions have very different variances."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(9).normal(size=(18, 18)) * 0.6 ** np.arange(18)
    return torch.from_numpy(rng.normal(size=(count, 18)) @ mixing.T + 1).reshape(count, 2, 1, 3, 3)


@pytest.mark.parametrize("variance", [0.5, 0.95])
def test_scores_are_what_a_singular_value_decomposition_leaves(variance):
    training, pictures = make_pictures(60, 0), make_pictures(7, 1)
    components = PrincipalComponents(training, variance=variance)
    rows = training.flatten(1).numpy()
    mean = rows.mean(0)
    _, values, basis = np.linalg.svd(rows - mean, full_matrices=False)
    shares = np.cumsum(values**2) / np.sum(values**2)
    count = int(np.argmax(shares > variance)) + 1
    assert count < 18
    centred = pictures.flatten(1).numpy() - mean
    rest = centred - centred @ basis[:count].T @ basis[:count]
    found = components.score(pictures)
    np.testing.assert_allclose(found.scores, np.mean(rest**2, 1))
    maps = np.abs(rest).reshape(7, 2, 3, 3).mean(1)
    np.testing.assert_allclose(found.residuals, maps)
    np.testing.assert_allclose(found.reconstructions.flatten(1), pictures.flatten(1).numpy() - rest)


def test_too_few_pictures_and_impossible_shares_are_refused():
    with pytest.raises(ValueError, match="components of 1 pictures"):
        PrincipalComponents(make_pictures(1, 0))
    with pytest.raises(ValueError, match="variance 1.5"):
        PrincipalComponents(make_pictures(5, 0), variance=1.5)
