"""Ways to launch the computations of a step: one after the other, or as recorded CUDA graphs.

What is launched is a function that leaves gradients in the parameters of learners. Updates and
projections, which may read numbers, are between the launches.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_map

from tgan.lookup import alternatives
from tgan.rng.noise import Noise

# Calls before the one that is recorded: libraries choose their kernels in these.
WARM_UP = 3


class Trains(Protocol):
    """Whatever has a module whose parameters gather gradients."""

    module: nn.Module


class Launch(Protocol):
    """Calls `function(*learners, *inputs, **settings)`, or does what that would do.

    Inputs are tensors, noise, and tuples of them; what is given back as well.
    """

    def __call__(
        self,
        function: Callable[..., Any],
        learners: Sequence[Trains],
        inputs: Sequence[Any],
        **settings: Any,
    ) -> Any: ...


def directly(
    function: Callable[..., Any], learners: Sequence[Trains], inputs: Sequence[Any], **settings: Any
) -> Any:
    """Call a function: its operators are launched one after the other."""
    return function(*learners, *inputs, **settings)


class Recorder(Protocol):
    """Records what a function launches.

    Attributes:
        device: that it is launched on.
    """

    device: torch.device

    def warming_up(self) -> AbstractContextManager[object]:
        """Have what is launched inside be launched as it will be recorded."""
        ...

    def record(self, work: Callable[[], Any]) -> tuple[Any, Callable[[], object]]:
        """Call `work`, whose operators are not launched but recorded.

        Returns:
            What `work` gave, which has no numbers yet, and what launches its operators, on the
            memory that they were recorded with.
        """
        ...


class CudaRecorder:
    """Records CUDA graphs, which share their memory: they are replayed one at a time."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()

    @contextmanager
    def warming_up(self) -> Iterator[None]:
        usual = torch.cuda.current_stream(self.device)
        self._stream.wait_stream(usual)
        with torch.cuda.stream(self._stream):
            yield
        usual.wait_stream(self._stream)

    def record(self, work: Callable[[], Any]) -> tuple[Any, Callable[[], object]]:
        graph = torch.cuda.CUDAGraph()
        # Other threads, which pin what they read, may go on.
        with torch.cuda.graph(
            graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
        ):
            found = work()
        return found, graph.replay


class Graphs:
    """Launches each function as one graph: the host launches one thing instead of hundreds.

    The first `WARM_UP` calls of a function are as they are; the next one is recorded, and replayed
    from then on. So a function has to be the same work at every call: of shapes that do not change,
    which reads nothing, with the same learners and settings. Numbers that change come as inputs.

    Example:
        >>> task.launch = Graphs(CudaRecorder(torch.device("cuda")))  # doctest: +SKIP
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._calls: Counter[Callable[..., Any]] = Counter()
        self._recorded: dict[Callable[..., Any], _Recorded] = {}

    def __call__(
        self,
        function: Callable[..., Any],
        learners: Sequence[Trains],
        inputs: Sequence[Any],
        **settings: Any,
    ) -> Any:
        """Launch a function; its next call overwrites what it gives, but for scalars.

        Raises:
            ValueError: an input has another shape than before, or the function does what a graph
                cannot hold, such as a read.
        """
        self._calls[function] += 1
        if self._calls[function] <= WARM_UP:
            with self._recorder.warming_up():
                return function(*learners, *inputs, **settings)
        if function not in self._recorded:
            self._recorded[function] = _Recorded(
                self._recorder, function, learners, inputs, settings
            )
        return self._recorded[function].replay(inputs)


class _Recorded:
    """A function's work, with the memory that its inputs are copied to."""

    def __init__(
        self,
        recorder: Recorder,
        function: Callable[..., Any],
        learners: Sequence[Trains],
        inputs: Sequence[Any],
        settings: dict[str, Any],
    ) -> None:
        self._name = function.__name__
        self._held = tree_map(partial(_held, device=recorder.device), tuple(inputs))
        try:
            self._found, self._launch = recorder.record(
                lambda: function(*learners, *self._held, **settings)
            )
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"train.cuda_graph: {self._name} cannot be recorded ({reason}); set it false"
            ) from error
        parameters = [p for learner in learners for p in learner.module.parameters()]
        self._gradients = [(p, p.grad) for p in parameters if p.grad is not None]

    def replay(self, inputs: Sequence[Any]) -> Any:
        """Do the work with other inputs."""
        (held, kind), (given, other) = tree_flatten(self._held), tree_flatten(tuple(inputs))
        if kind != other or list(map(_shape, held)) != list(map(_shape, given)):
            raise ValueError(
                f"train.cuda_graph needs batches of one shape: {self._name} was recorded with "
                f"{_shapes(held)} and is called with {_shapes(given)}; set it false"
            )
        for kept, leaf in zip(held, given, strict=True):
            (kept.follow if isinstance(kept, Noise) else kept.copy_)(leaf)
        self._launch()
        for parameter, gradient in self._gradients:
            parameter.grad = gradient
        return tree_map(_kept, self._found)


def _held(leaf: Tensor | Noise, device: torch.device) -> Tensor | Noise:
    """A place on the device for the values of an input."""
    return leaf.clone() if isinstance(leaf, Tensor) else leaf.held(device)


def _kept(found: Any) -> Any:
    """A result, of which the next call overwrites no scalar."""
    is_scalar = isinstance(found, Tensor) and not found.ndim
    return found.clone() if is_scalar else found


def _shape(leaf: Tensor | Noise) -> tuple[int, ...]:
    return tuple(leaf.shape) if isinstance(leaf, Tensor) else ()


def _shapes(leaves: Sequence[Tensor | Noise]) -> str:
    return ", ".join("x".join(map(str, shape)) for leaf in leaves if (shape := _shape(leaf)))


# What records on a kind of devices.
_RECORDERS: dict[str, Callable[[torch.device], Recorder]] = {"cuda": CudaRecorder}


def make_launch(recorded: bool, device: torch.device, *, processes: int) -> Launch:
    """How the computations of a step are launched, as `train.cuda_graph` says.

    Raises:
        ValueError: graphs on another device, or of several processes, whose networks wait for each
            other within.
    """
    if not recorded:
        return directly
    if device.type not in _RECORDERS:
        raise ValueError(
            f"train.cuda_graph true needs the device {alternatives(_RECORDERS)}, not "
            f"{device.type}; set it false"
        )
    if processes > 1:
        raise ValueError(
            f"train.cuda_graph true is for a single process, not for {processes}; set it false"
        )
    return Graphs(_RECORDERS[device.type](device))
