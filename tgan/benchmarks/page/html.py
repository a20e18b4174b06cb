"""Report as one HTML page that opens from disk, with tables, plots and clips inside it."""

import base64
import importlib.util
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tgan.benchmarks.page.content import Clip, Plot, Section, Table
from tgan.benchmarks.page.plots import FONTS, Style, describe, draw, needs_legend, styles_of
from tgan.benchmarks.page.tables import HINTS, NOTHING, cells_of
from tgan.lookup import look_up
from tgan.system.files import write_whole

MEDIA_TYPES = {".mp4": "video/mp4", ".png": "image/png"}


def check_installed() -> None:
    """Raise a ValueError that says what to install unless a report can be written."""
    for package in ("matplotlib", "jinja2"):
        if importlib.util.find_spec(package) is None:
            raise ValueError(f"{package} is not installed: pip install 'tgan-video[report]'")


def write_report(
    path: Path,
    sections: Sequence[Section],
    *,
    title: str,
    about: Mapping[str, str],
    root: Path,
    styles: Mapping[str, Style] = MappingProxyType({}),
) -> None:
    """Write sections as one HTML file that needs no network.

    The file appears whole or not at all. A clip whose file is not there is named as missing.

    Args:
        about: what was run on what, by name: commit, versions, hardware, command, seeds, date.
        root: the folder that clips' paths are relative to.
        styles: looks in plots, by the names of lines; other lines get others.

    Raises:
        ValueError: matplotlib or jinja2 is not installed, or a clip is neither MP4 nor PNG.
        OSError: a clip cannot be read, or the file not written.
    """
    check_installed()
    from jinja2 import Environment, StrictUndefined

    lines = [line for section in sections for plot in section.plots for line in plot.lines]
    styles = styles_of([line.name for line in lines], styles)
    source = resources.files(__package__).joinpath("report.html.jinja").read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(source).render(
        title=title,
        fonts=FONTS,
        about=about,
        nothing=NOTHING,
        sections=[
            _section(section, f"section-{number}", styles=styles, root=root)
            for number, section in enumerate(sections, 1)
        ],
    )
    write_whole(path, lambda part: part.write_text(page, "utf-8"))


def _section(
    section: Section, name: str, *, styles: Mapping[str, Style], root: Path
) -> dict[str, Any]:
    """What the template reads of a section."""
    return {
        "id": name,
        "title": section.title,
        "text": section.text,
        "tables": [
            _table(table, f"{name}-table-{number}") for number, table in enumerate(section.tables)
        ],
        "plots": [_plot(plot, styles=styles) for plot in section.plots],
        "clips": [_clip(clip, root=root) for clip in section.clips],
    }


def _table(table: Table, name: str) -> dict[str, Any]:
    rows = cells_of(table)
    columns = [
        (column.name, HINTS[column.best], any(cells[place].is_text for cells in rows.values()))
        for place, column in enumerate(table.columns)
    ]
    return {
        "id": name,
        "title": table.title,
        "columns": columns,
        "rows": rows,
        "note": table.note,
    }


def _plot(plot: Plot, *, styles: Mapping[str, Style]) -> dict[str, Any]:
    drawing = draw(plot, styles=styles)
    legend = [(line.name, styles[line.name]) for line in plot.lines] if needs_legend(plot) else []
    return {
        "title": plot.title,
        "uri": None if drawing is None else _data_uri("image/svg+xml", drawing.encode()),
        "alt": describe(plot),
        "legend": legend,
        "is_dashed": plot.kind == "lines",
        "note": plot.note,
    }


def _clip(clip: Clip, *, root: Path) -> dict[str, Any]:
    media_type = look_up(MEDIA_TYPES, Path(clip.path).suffix.lower(), kind="ending of a clip")
    path = root / clip.path
    return {
        "title": clip.title,
        "path": clip.path,
        "uri": _data_uri(media_type, path.read_bytes()) if path.is_file() else None,
        "is_video": media_type.startswith("video/"),
    }


def _data_uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
