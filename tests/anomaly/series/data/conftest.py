import pytest

from tgan.anomaly.series.data.reading import read_series


@pytest.fixture
def read(tmp_path):
    def read(*lines, **options):
        path = tmp_path / "x.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_series(path, **options)

    return read
