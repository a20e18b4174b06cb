"""Times of series as text: dates, or plain numbers."""

import numpy as np

# Times from 0 up to this one are taken for numbers of samples, or of seconds since a start: as
# dates they would lie in 1970 to 1973.
_FIRST_DATE = 10**8
_YEAR_1 = -62135596800


# Digits of a second that are written of times with fractions: milliseconds if they are enough.
_DIGITS = {"ms": 3, "us": 6}


def are_dates(timestamps: np.ndarray) -> bool:
    """Tell whether sorted times (N,) are dates rather than numbers that count from 0."""
    first, last = float(timestamps[0]), float(timestamps[-1])
    return first >= _YEAR_1 and not (first >= 0 and last < _FIRST_DATE)


def written(timestamps: np.ndarray, *, dates: bool) -> list[str]:
    """Write times (N,) in ISO 8601, UTC, such as `2014-04-01T00:00:00Z`; or as plain numbers.

    Fractions of a second are written to the millisecond, or to the microsecond where they are
    finer.
    """
    timestamps = np.asarray(timestamps)
    if np.issubdtype(timestamps.dtype, np.integer):
        unit, counts = "s", timestamps.astype(np.int64)
    else:
        milliseconds = np.round(timestamps, 3)
        unit = "ms" if np.abs(timestamps - milliseconds).max(initial=0) < 1e-6 else "us"
        counts = np.round(timestamps * 10 ** _DIGITS[unit]).astype(np.int64)
    if dates:
        texts = np.datetime_as_string(counts.astype(f"datetime64[{unit}]"))
        return [f"{text}Z" for text in texts]
    if unit == "s":
        return [str(time) for time in counts.tolist()]
    return [f"{time:.{_DIGITS[unit]}f}" for time in timestamps.tolist()]
