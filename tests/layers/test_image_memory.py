import numpy as np
import pytest

from rnnzoo.layers import ImageMemory


def test_a_map_of_another_size_is_an_error():
    layer = ImageMemory(4)
    assert layer(np.zeros((2, 2, 3, 5), "float32")).shape == (2, 6, 4)
    with pytest.raises(ValueError, match=r"expected shape=\(None, 2, 3, 5\)"):
        layer(np.zeros((3, 2, 2, 5), "float32"))
