from statistics import median

from tgan.benchmarks.page.content import Line


def test_a_line_over_seeds_has_means_and_ranges_and_no_point_without_values():
    line = Line.over_seeds("a", {0: [1.0, 3.0], 1.5: [], 2: (4.0,)})
    assert line == Line("a", [0, 2], [2.0, 4.0], [1.0, 4.0], [3.0, 4.0])


def test_the_middle_may_be_another_one():
    line = Line.over_seeds("a", {7: [1.0, 2.0, 9.0]}, middle=median)
    assert (line.y, line.low, line.high) == ([2.0], [1.0], [9.0])
