import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.layers import (
    AttentionDecoder,
    CharCNN,
    CharLSTM,
    Embedding,
    HierarchicalAttention,
    SequenceEncoder,
    WordFeatures,
)

IDS = np.array([[3, 1, 0], [1, 1, 4]])


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_looks_up_what_keras_looks_up(dtype):
    keras.utils.set_random_seed(1)  # Half types are coarse near zero.
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


def test_the_number_of_ids_may_be_set_later():
    layer = Embedding(output_dim=4)
    copy = Embedding.from_config(layer.get_config())
    assert copy.input_dim is None
    for each in (layer, copy):
        with pytest.raises(ValueError, match="Set its `input_dim`"):
            each(IDS)
        each.input_dim = 5
        assert each(IDS).shape == (2, 3, 4)
        assert each.embeddings.shape == (5, 4)
        assert each.get_config()["input_dim"] == 5


@pytest.mark.parametrize(
    "options",
    [{}, {"input_dim": 0}, {"output_dim": None}, {"weights": np.ones((5, 4))}],
)
def test_sizes_that_are_wrong_or_missing(options):
    name = (
        "output_dim" if options in ({}, {"output_dim": None}) else "input_dim"
    )
    options = {"output_dim": 4, **options} if options else {}
    with pytest.raises(ValueError, match=f"`{name}`"):
        Embedding(**options)


def decoder(embedding, **options):
    return AttentionDecoder(4, None, embedding, bridge=False, **options)


HOLDERS = {
    "sequence": SequenceEncoder,
    "document": HierarchicalAttention,
    "words": WordFeatures,
    "decoder": decoder,
    "tied decoder": functools.partial(decoder, tied=True),
    "char cnn": CharCNN,
    "char lstm": CharLSTM,
}


@pytest.mark.parametrize("name", HOLDERS)
def test_a_layer_waits_for_its_embedding(name):
    embedding = Embedding(output_dim=4)
    options = {"embedding": embedding}
    if "char" in name:
        options = {}
    if name == "sequence":
        options["units"] = 2
    layer = HOLDERS[name](**options)
    inputs = {"words": {"words": IDS}, "document": IDS[:, None]}.get(name, IDS)
    for each in (layer, type(layer).from_config(layer.get_config())):
        assert each.embedding.input_dim is None
        with pytest.raises(ValueError, match="Set its `input_dim`"):
            each(inputs)
        each.embedding.input_dim = 5
        each(inputs)
        assert each.embedding.embeddings.shape[0] == 5
        again = type(each).from_config(each.get_config())
        assert again.embedding.input_dim == 5
