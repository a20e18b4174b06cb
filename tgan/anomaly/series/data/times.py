"""Times of series as text: dates, or plain numbers."""

import numpy as np

# Times from 0 up to this one are taken for numbers of samples, or of seconds since a start: as
# dates they would lie in 1970 to 1973.
_FIRST_DATE = 10**8
_YEAR_1 = -62135596800


def are_dates(timestamps: np.ndarray) -> bool:
    """Tell whether sorted times (N,) are dates rather than numbers that count from 0."""
    first, last = int(timestamps[0]), int(timestamps[-1])
    return first >= _YEAR_1 and not (first >= 0 and last < _FIRST_DATE)


def written(timestamps: np.ndarray, *, dates: bool) -> list[str]:
    """Write times (N,) in ISO 8601, UTC, such as `2014-04-01T00:00:00Z`; or as plain numbers."""
    timestamps = np.asarray(timestamps, np.int64)
    if not dates:
        return [str(time) for time in timestamps.tolist()]
    return [f"{time}Z" for time in np.datetime_as_string(timestamps.astype("datetime64[s]"))]
