import base64
import json
import re
import shutil
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tgan.benchmarks.page.content import Clip, Column, Line, Plot, Section, Table
from tgan.benchmarks.page.html import check_installed, write_report
from tgan.data.made.digits import MovingDigits
from tgan.media.video import write_samples

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

HOSTILE = '<script>alert("x")</script>'
ABOUT = {"commit": "abc", "command": "tgan benchmark-clipping <&>", "see": "http://example.org/"}
VOID = {"meta", "link", "img", "br", "hr", "input"}
# Ends a probe of the page in a browser: what is measured is sent to the page around it.
PROBE = """<script>
addEventListener("load", () => {
  const first = document.querySelector("table");
  const names = () => [...first.tBodies[0].rows].map((row) => row.cells[0].textContent);
  const orders = [names()];
  for (let click = 0; click < 2; click++) {
    first.tHead.rows[0].cells[1].firstElementChild.click();
    orders.push(names());
  }
  document.querySelector("video").scrollIntoView();
  setInterval(() => parent.postMessage(JSON.stringify({
    orders,
    scripts: document.scripts.length,
    spill: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    videos: [...document.querySelectorAll("video")].map((v) => [v.videoWidth, v.currentTime]),
  }), "*"), 300);
});
</script></body>"""
FRAME = """<meta charset="utf-8"><pre id="told"></pre>
<iframe src="probe.html" style="width:{width}px;height:800px"></iframe>
<script>addEventListener("message", (e) => {{ told.textContent = e.data; }})</script>"""


class Page(HTMLParser):
    """Elements of a page in order; an end tag that closes another element is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.open, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data.strip())

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


def write_clips(root: Path) -> None:
    """The clips that the sections show."""
    digits = MovingDigits(num_frames=16, resolution=32, channels=1, num_digits=1)
    clips = np.stack([digits.clip(index) for index in range(4)])
    write_samples(root / "jobs/svc/samples.mp4", clips, columns=2, fps=8)
    write_samples(root / "jobs/svc/strip.png", clips[:1], columns=1)


def make_sections() -> list[Section]:
    """Two sections with all that a report can show."""
    rows = {"SVC": [[3.0, 4.0], "1e-3"], HOSTILE: [[1.0], "<b>"], "none": [[], "–"]}
    table = Table("T", [Column("distance", "low"), Column("chosen")], rows, note="A <note>.")
    wide = Table("W", [Column(f"problem {k}") for k in range(20)], {"SVC": [[1.0, 2.0]] * 20})
    plots = [
        Plot("Lines", "x", "y", [Line("SVC", [0, 1], [1, 2]), Line(HOSTILE, [0, 1], [2, 1])]),
        Plot("Points", "x", "y", [Line(HOSTILE, [0], [1.0], [0.5], [2.0])], "points"),
        Plot("Empty", "x", "y", []),
    ]
    shown = [Clip("SVC", "jobs/svc/samples.mp4"), Clip("strip", "jobs/svc/strip.png")]
    missing = Clip("later", "jobs/none.mp4")
    return [
        Section("First & foremost", ["Text <i>."], [table], plots, [*shown, missing]),
        Section("Second", tables=[table, wide], plots=plots, clips=shown[:1]),
    ]


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("report")
    write_clips(root)
    write_report(root / "report.html", make_sections(), title="A report", about=ABOUT, root=root)
    return root / "report.html"


@pytest.fixture(scope="module")
def page(report) -> Page:
    return Page(report.read_text("utf-8"))


def test_every_id_is_unique_and_every_link_inside_leads_somewhere(page):
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    values = [(n, v) for _, a in page.elements for n, v in a.items() if v]
    links = [v[1:] for n, v in values if n == "href" and v.startswith("#")]
    links += [i for n, v in values if n.startswith("aria-") and n.endswith("by") for i in v.split()]
    assert {"section-1", "section-2", "section-2-table-0"} <= set(links) <= set(ids)


def test_nothing_is_fetched(report, page):
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert "//" not in (value or "") or value.startswith("data:"), (tag, name)
            if name in ("src", "href", "poster", "srcset", "data"):
                assert value.startswith(("data:", "#")), (tag, name)
    assert not re.search(r"@import|url\(", report.read_text())
    assert "http://example.org/" in page.words
    policy = next(a["content"] for a in page.all("meta") if "http-equiv" in a)
    assert policy.startswith("default-src 'none';")


def test_texts_are_shown_as_they_were_written(page):
    assert len(page.all("script")) == 1
    assert page.words.count(HOSTILE) >= 4
    assert {"Text <i>.", "First & foremost", "A <note>.", ABOUT["command"]} <= set(page.words)


def test_plots_are_described_pictures_with_a_legend_where_needed(report, page):
    plots = [a for a in page.all("img") if a["src"].startswith("data:image/svg+xml;base64,")]
    assert [a["alt"] for a in plots[:2]] == [
        f"y against x. SVC: 1.00 at 0, 2.00 at 1.00. {HOSTILE}: 2.00 at 0, 1.00 at 1.00.",
        f"y against x. {HOSTILE}: 1.00 at 0.",
    ]
    # The second section shows the same.
    assert len(plots) == 4 and plots[2:] == plots[:2]
    assert page.words.count("Lines") == 2
    # The points of each section have a legend, the named lines none.
    assert report.read_text().count('<ul class="legend">') == 2
    assert page.words.count("Nothing measured yet.") == 2


def test_tables_mark_the_best_and_carry_what_to_sort_by(page):
    cells = page.all("td")[:6]
    assert [a.get("data-order") for a in cells] == ["3.5", None, "1.0", None, None, None]
    assert [a.get("class") for a in cells] == [None, "text", "best", "text", None, "text"]
    heads = [a.get("class") for a in page.all("th") if a.get("scope") == "col"][:3]
    assert heads == [None, None, "text"]
    assert {"lower is better", "(3 to 4)", "3.50", "–"} <= set(page.words)
    assert len(page.all("caption")) == 0 and len(page.all("table")) == 3


def test_clips_are_inside_and_play_by_themselves(report, page):
    videos = page.all("video")
    (image,) = [a for a in page.all("img") if "svg" not in a["src"]]
    assert len(videos) == 2
    for video in videos:
        assert {"autoplay", "muted", "playsinline", "loop", "controls"} <= set(video)
        assert video["aria-label"] == "SVC"
        kind, _, data = video["src"].partition(",")
        file = report.parent / "jobs/svc/samples.mp4"
        assert (kind, base64.b64decode(data)) == ("data:video/mp4;base64", file.read_bytes())
    assert image["alt"] == "strip" and image["src"].startswith("data:image/png;base64,")
    assert "Missing: jobs/none.mp4" in page.words


def test_the_same_report_is_written_again(report):
    sections, again = make_sections(), report.with_name("again.html")
    write_report(again, sections, title="A report", about=ABOUT, root=report.parent)
    assert again.read_bytes() == report.read_bytes()


def test_a_clip_of_another_kind_is_named_and_the_old_report_stays(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(ValueError, match=r"unknown ending of a clip '\.gif'.*\.mp4, \.png"):
        write_report(
            path, [Section("s", clips=[Clip("c", "a.gif")])], title="", about={}, root=tmp_path
        )
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_what_is_not_installed_is_named(monkeypatch, package, tmp_path):
    check_installed()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=rf"{package} is not .*pip install 'tgan-video\[report\]'"):
        write_report(tmp_path / "report.html", [], title="", about={}, root=tmp_path)


def test_the_module_imports_neither_torch_nor_what_draws():
    code = (
        "import sys, tgan.benchmarks.page.html; "
        "assert not {'torch', 'matplotlib', 'jinja2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 400])
def test_in_a_browser_videos_play_tables_sort_and_nothing_spills(report, width):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs chromium")
    probe = report.read_text("utf-8").replace("</body>", PROBE)
    report.with_name("probe.html").write_text(probe, "utf-8")
    frame = report.with_name("frame.html")
    frame.write_text(FRAME.format(width=width), "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    result = subprocess.run(
        [chromium, *options, "--virtual-time-budget=4000", "--dump-dom", frame.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
    )
    told = json.loads(unescape(re.search('<pre id="told">(.+?)</pre>', result.stdout)[1]))
    assert "CONSOLE" not in result.stderr
    assert told["orders"] == [
        ["SVC", HOSTILE, "none"],
        [HOSTILE, "SVC", "none"],
        ["SVC", HOSTILE, "none"],
    ]
    assert told["scripts"] == 2 and told["spill"] == 0
    assert [size for size, _ in told["videos"]] == [64, 64]
    assert told["videos"][0][1] > 0
