"""How FFmpeg's scaler is asked for, by all that convert pixels."""

import av
from av.video.reformatter import VideoReformatter


def _one_thread() -> dict[str, int]:
    """Have PyAV convert in one thread, as versions before 15 do without being asked.

    With more the same conversion gives other pixels now and then (`findings/pyav_threads.sh`).
    Besides, several files are read at once, and to start threads takes longer than a small
    picture.
    """
    try:
        VideoReformatter().reformat(av.VideoFrame(2, 2, "rgb24"), threads=1)
    except TypeError:
        return {}
    return {"threads": 1}


# Arguments for every call of `reformat`.
ONE_THREAD = _one_thread()
