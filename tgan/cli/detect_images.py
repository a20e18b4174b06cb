"""`tgan detect images`: score pictures by a run that was trained on normal ones."""

from collections.abc import Sequence

from tgan.cli.picture_arguments import METRICS, SCORES, SHEET, parse
from tgan.lookup import counted
from tgan.system.files import write_files


def main(argv: Sequence[str]) -> None:
    """Parse arguments, score, write a table, a picture, and metrics where classes are known."""
    arguments = parse(argv)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.anomaly.images.sheet import write_sheet
    from tgan.cli.detectors import open_detector
    from tgan.cli.scores_files import metrics_of, table, write_metrics, write_scores

    detector = open_detector(arguments)
    if detector.source.skipped:
        name, reason = detector.source.skipped[0]
        print(
            f"{counted(len(detector.source.skipped), 'picture')} cannot be used, the first: "
            f"{name}: {reason}"
        )
    print(f"{counted(len(detector.source), 'picture')}, methods: {', '.join(detector.methods)}")
    results = detector.score()
    columns = {method: scored.scores.cpu().numpy() for method, scored in results.items()}
    metrics = None
    if detector.is_abnormal is not None:
        metrics = metrics_of(columns, detector.is_abnormal)
    with write_files(arguments.out) as folder:
        write_scores(folder / SCORES, detector.source, columns)
        write_sheet(folder / SHEET, detector.pictures.cpu(), results)
        if metrics is not None:
            write_metrics(folder / METRICS, metrics, detector)
    if metrics is not None:
        print(table(metrics))
    print(arguments.out)
