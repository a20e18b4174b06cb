from tgan.benchmarks.engine.makers import describe_makers


def test_makers_are_counted_and_named_in_their_order():
    one, other = {"commit": "abc", "hardware": "2 cores"}, {"commit": "def"}
    assert describe_makers([other, one, one]) == (
        "Done: 1 job with commit def; 2 jobs with commit abc, hardware 2 cores."
    )
