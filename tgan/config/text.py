"""Text of any characters through readers of YAML, some of which refuse what others take.

YAML has no room for unpaired surrogates, which stand for bytes of a file's name that are no UTF-8
(Python's `surrogateescape`), nor for some control characters, and it breaks lines at others. JSON
writes a character above U+FFFF as two escapes, which YAML reads as two characters.

Source: https://yaml.org/spec/1.2.2/#51-character-set.
"""

import re

# Stands before the number of a character; it never means anything itself.
_MARK = "\U0010fffd"
_UNSAFE = re.compile(
    "[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010fffc]"
)
_MARKED = re.compile(f"{_MARK}([0-9a-f]{{6}})")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def veil(text: str) -> str:
    """Replace the characters that readers of YAML do not hand on, so that `unveil` restores them.

    Example:
        >>> unveil(veil("caf\\udce9")) == "caf\\udce9"
        True
    """
    return _UNSAFE.sub(lambda found: _marked(found[0]), text)


def veil_start(text: str) -> str:
    """As `veil`, with the first character: no reader takes the text for a number or for null."""
    return "".join(map(_marked, text[:1])) + veil(text[1:])


def _marked(character: str) -> str:
    return f"{_MARK}{ord(character):06x}"


def unveil(text: str) -> str:
    """Restore what `veil` has replaced."""
    return _MARKED.sub(lambda found: chr(int(found[1], 16)), text)


def join_pairs(text: str) -> str:
    """Make one character of each pair of surrogates, as JSON writes one above U+FFFF."""
    return _PAIR.sub(
        lambda found: found[0].encode("utf-16", "surrogatepass").decode("utf-16"), text
    )


def shown(text: str) -> str:
    """A name in a text of one line that is UTF-8: as it is, or with escapes where it needs some."""
    return text if text.isprintable() else ascii(text)
