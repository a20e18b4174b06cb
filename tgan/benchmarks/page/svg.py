"""SVG files made fit to be elements of one page."""

import re
from xml.etree import ElementTree

_LINK = re.compile(r"(?<=url\(#)[^)]+")
# Metadata speak of dates and programs; a style would hold for the whole page.
_LEFT_OUT = {"metadata", "style"}


def inlined(svg: bytes, *, prefix: str, title: str, description: str) -> str:
    """An SVG file as an element of an HTML page: named, described, of the width it is given.

    Ids that nothing refers to are dropped, the others begin with `prefix`: several figures in
    one page would otherwise share their clip paths.
    """
    root = ElementTree.fromstring(svg)
    _strip(root)
    linked = {link for element in root.iter() for link in _links(element)}
    for element in root.iter():
        _rename(element, linked, prefix)
    for size in ("width", "height", "version"):
        root.attrib.pop(size, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{prefix}-title {prefix}-desc"}
    for place, (name, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(name, {"id": f"{prefix}-{name}"})
        element.text = text
        root.insert(place, element)
    return ElementTree.tostring(root, encoding="unicode")


def _strip(element: ElementTree.Element) -> None:
    """Drop namespaces, which a page needs not, and what is not to be drawn."""
    element.tag = _local(element.tag)
    element.attrib = {_local(name): value for name, value in element.attrib.items()}
    for child in list(element):
        if _local(child.tag) in _LEFT_OUT:
            element.remove(child)
        else:
            _strip(child)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _links(element: ElementTree.Element) -> list[str]:
    found = [link for value in element.attrib.values() for link in _LINK.findall(value)]
    href = element.get("href", "")
    return found + ([href[1:]] if href.startswith("#") else [])


def _rename(element: ElementTree.Element, linked: set[str], prefix: str) -> None:
    for name, value in list(element.attrib.items()):
        if name == "id" and value not in linked:
            del element.attrib[name]
        elif name == "id":
            element.set(name, f"{prefix}-{value}")
        elif name == "href" and value.startswith("#"):
            element.set(name, f"#{prefix}-{value[1:]}")
        else:
            element.set(name, _LINK.sub(lambda link: f"{prefix}-{link[0]}", value))
