"""How a trained network is run. Loads without torch: settings need it."""

from __future__ import annotations

from dataclasses import dataclass, field

from segmentation.inference.postprocess_config import PostprocessConfig

#: ``auto``: on a GPU half precision; on a CPU OpenVINO, and eager PyTorch where that fails.
BACKENDS = ("auto", "eager", "openvino")
#: Of a CPU. A GPU computes in half precision where its answers agree with float32.
CPU_PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class InferenceConfig:
    """Which of the ways to run a network, and what is done to its answers.

    Raises:
        ValueError: a backend or precision that does not exist.
    """

    backend: str = "auto"  # the fastest whose answers agree with eager float32
    precision: str = "float32"  # bfloat16: twice as fast, a few pixels in ten thousand differ
    postprocess: PostprocessConfig = field(default_factory=PostprocessConfig)  # steps after it

    def __post_init__(self) -> None:
        """Refuse what nothing here can do."""
        if self.backend not in BACKENDS:
            raise ValueError(f"backend = {self.backend!r}; expected one of {', '.join(BACKENDS)}")
        if self.precision not in CPU_PRECISIONS:
            raise ValueError(
                f"precision = {self.precision!r}; expected one of {', '.join(CPU_PRECISIONS)}"
            )
