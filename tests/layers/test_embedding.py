import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.layers import Embedding

IDS = np.array([[3, 1, 0], [1, 1, 4]])


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_looks_up_what_keras_looks_up(dtype):
    ours, theirs = (
        each(5, 4, mask_zero=True, dtype=dtype)
        for each in (Embedding, keras.layers.Embedding)
    )
    for ids in (IDS, IDS.astype("float32"), tf.constant(IDS, tf.uint8)):
        ours(ids)
        theirs(ids)
        theirs.set_weights(ours.get_weights())
        vectors = ours(ids)
        assert vectors.dtype == theirs.compute_dtype
        np.testing.assert_array_equal(vectors, theirs(ids))
    np.testing.assert_array_equal(ours.compute_mask(IDS), IDS != 0)
    ours.enable_lora(2)
    ours.lora_embeddings_b.assign(np.ones((2, 4)))
    table = keras.ops.convert_to_numpy(ours.embeddings)
    np.testing.assert_allclose(ours(IDS), table[IDS], rtol=1e-2)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_reads_only_rows(dtype):
    layer = Embedding(5, 4, dtype=dtype)
    model = keras.Sequential([keras.Input((None,), dtype="int32"), layer])
    model.dtype_policy = dtype

    @tf.function(autograph=False)
    def step(ids):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(model(ids))
        return tape.gradient(total, layer.embeddings.value)

    assert isinstance(step(IDS), tf.IndexedSlices)
    graph = step.get_concrete_function(tf.TensorSpec([None, 3], tf.int32)).graph
    operations = {each.type for each in graph.get_operations()}
    assert "ResourceGather" in operations
    assert "ReadVariableOp" not in operations
