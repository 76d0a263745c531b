import pytest

from segmentation.inference.inference_config import InferenceConfig


def test_what_nothing_can_do_is_refused():
    with pytest.raises(ValueError, match="backend = 'tensorrt'; expected one of auto"):
        InferenceConfig(backend="tensorrt")
    with pytest.raises(ValueError, match="precision = 'int8'; expected one of float32"):
        InferenceConfig(precision="int8")
