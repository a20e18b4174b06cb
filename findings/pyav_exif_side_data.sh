#!/bin/bash
# PyAV cannot list the side data of a frame that has EXIF notes.
#
# PyAV 18.1.0 (with FFmpeg 8.1's libraries), Pillow 12.3.0. `frame.side_data` holds what a file says
# about a picture besides its pixels: the display matrix, which turns or mirrors it, among others. A
# good guess is that kinds which PyAV does not know are left out, or come with a number. A single one
# makes the whole list unusable: FFmpeg 8.1 hands on EXIF as side data of kind 31, PyAV's enumeration
# ends before it, and looking at the list raises `ValueError: 31 is not a valid Type`. It happens
# with every JPEG that a camera or phone wrote, motion JPEG too, and hides the matrix that FFmpeg
# made of the note on orientation. `frame.rotation` still works, and says nothing of mirrors.
#
# Seen: a JPEG without notes has an empty list; the same picture with a note on its orientation
# raises, and its rotation is -90.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet av==18.1.0 pillow==12.3.0
cat > "$place/notes.py" <<'PYTHON'
import sys

import av
from PIL import Image

ORIENTATION, TURNED_RIGHT = 0x0112, 6
folder = sys.argv[1]
picture, notes = Image.new("RGB", (48, 32), "teal"), Image.Exif()
picture.save(f"{folder}/plain.jpg")
notes[ORIENTATION] = TURNED_RIGHT
picture.save(f"{folder}/noted.jpg", exif=notes)


def look(name):
    with av.open(f"{folder}/{name}") as container:
        frame = next(container.decode(video=0))
        try:
            found = [str(each.type) for each in frame.side_data]
        except ValueError as error:
            found = str(error)
        return frame.rotation, found


plain, noted = look("plain.jpg"), look("noted.jpg")
print("without notes:", *plain)
print("with EXIF:", *noted)
assert plain == (0, [])
assert noted == (-90, "31 is not a valid Type")
PYTHON
"$place/venv/bin/python" "$place/notes.py" "$place"
