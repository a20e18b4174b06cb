"""Names of classes that files, shells and data formats like to mistake for something else."""

import numpy as np

# Of every plane of Unicode the first and the last character, and some between.
PLANES = [
    "".join(map(chr, np.linspace(plane << 16, (plane << 16) + 0xFFFF, 7).astype(int)))
    for plane in range(17)
]
# Bytes of names that are no UTF-8, as Python hands them on.
BYTES = [
    name.decode("utf-8", "surrogateescape")
    for name in (b"caf\xe9", b"\xff\xfe", b"\xed\xa0\xbd", b"a\x80\xf0\x9f")
]
ODD = [
    *(
        "😀",
        "family 👨‍👩‍👧",
        "\u1e9e",
        "e\u0301",
        "\ufeffbom",
        "a\u2028b\x85c\x7fd",
        "tab\tline\nend",
    ),
    *(
        "null",
        "yes",
        "1e3",
        "1_000",
        "0x1F",
        "2024-05-01",
        "~",
        "- a",
        "a: b",
        "#a",
        "[a, b]",
        "*a",
    ),
    *("'", '"', "\\", "\\ud83d\\ude00", "%s {0}", "a,b", " spaces ", "-x", "&amp;", "<b>", "$HOME"),
]
# NUL and the slash end every name of a file.
NAMES = [name.replace("\0", "").replace("/", "") for name in [*PLANES, *BYTES, *ODD]]
