"""How far a reconstruction is from what is known of a series, where gaps were filled."""

import numpy as np

from tgan.anomaly.series.data.series import Scaler


def known_error(values: np.ndarray, made: np.ndarray, scaler: Scaler) -> float:
    """The mean squared error of a reconstruction over what is not missing, of scaled values.

    Args:
        values: (T, C), in the units of the data; NaN where a value is missing.
        made: (T, C) or (1, C), scaled.
        scaler: of values.
    """
    squares = np.square(scaler.transform(values) - made)
    return float(squares[~np.isnan(values)].mean())
