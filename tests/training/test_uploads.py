"""Copies of batches to a device: on a GPU, seen on stand-ins, in an order that keeps them whole."""

from contextlib import contextmanager

import pytest
import torch

from tgan.training import uploads
from tgan.training.uploads import Uploads


def test_what_is_uploaded_stays_as_it_is():
    sent, given = Uploads(torch.device("cpu")), (torch.rand(3), torch.arange(4))
    for found, each in zip(sent.end(sent.begin(*given)), given, strict=True):
        assert torch.equal(found, each)


class Copy:
    """A tensor on a GPU, that notes which streams use it."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def record_stream(self, stream):
        self.log.append(f"{self.name} is used by {stream.name}")


class Stream:
    def __init__(self, name, log):
        self.name, self.log = name, log

    def wait_stream(self, other):
        self.log.append(f"{self.name} waits for {other.name}")


@pytest.fixture
def log(monkeypatch):
    """What happens to streams of a GPU."""
    log, now = [], ["computing"]

    @contextmanager
    def on(stream):
        now.append(stream.name)
        yield
        now.pop()

    def upload(name, device):
        log.append(f"{name} is sent by {now[-1]}")
        return Copy(name, log)

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: Stream("sending", log))
    monkeypatch.setattr(torch.cuda, "stream", on)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream(now[-1], log))
    monkeypatch.setattr(uploads, "upload", upload)
    return log


def test_on_a_gpu_copies_have_a_stream_of_their_own_that_computing_waits_for(log):
    sent = Uploads(torch.device("cuda", 0))
    coming = sent.begin("clips", "labels")
    assert log == ["clips is sent by sending", "labels is sent by sending"]
    log.clear()
    assert sent.end(coming) is coming
    assert log == [
        "computing waits for sending",
        "clips is used by computing",
        "labels is used by computing",
    ]
