"""Every layer is made again from its configuration, with every option."""

import inspect
import json

import keras
import pytest

from rnnzoo import layers

RATES = {"dropout": 0.1, "recurrent_dropout": 0.2}
RECURRENT = {
    **RATES,
    "weight_dropout": 0.3,
    "zoneout": 0.4,
    "seed": 5,
}


CONVOLUTIONAL = {
    "units": 3,
    "depth": 2,
    "kernel_size": 5,
    "max_length": 7,
    "dropout": 0.1,
}
TRANSFORMER = {
    "num_heads": 2,
    "hidden_units": 3,
    "pre_norm": False,
    "dropout": 0.1,
}


def embedding():
    return layers.Embedding(9, 4)


def backbone():
    return layers.RecurrentBackbone(embedding(), [layers.GRU(3)])


# Arguments that are not the defaults, by name.
OPTIONS = {
    "CRF": {
        "tags": 2,
        "constraints": [[True, False], [[True, True]] * 2, [True, True]],
        "transitions": False,
    },
    "CRFModel": {
        "model": lambda: keras.Sequential([keras.layers.Dense(2)]),
        "crf": lambda: layers.CRF(2),
    },
    "GRU": {
        **RECURRENT,
        "units": 3,
        "recurrent_dropout_type": "untied",
        "layer_norm": True,
    },
    "LSTM": {
        **RECURRENT,
        "units": 3,
        "zoneout": [0.4, 0.5],
        "recurrent_dropout_type": "candidate",
        "layer_norm": True,
    },
    "SimpleRNN": {
        **RECURRENT,
        "units": 3,
        "recurrent_dropout_type": "untied",
        "feedback": "output",
    },
    "AdaptiveSoftmax": {
        "tokens": 9,
        "cutoffs": [3, 5],
        "ratio": 2,
        "unwritten": [0, 7],
    },
    "AttentionDecoder": {
        **RATES,
        "units": 3,
        "attention": lambda: layers.BahdanauAttention(4),
        "embedding": embedding,
        "rnn": "gru",
        "depth": 2,
        "input_feeding": True,
        "context_gate": True,
        "copy": True,
        "readout_units": 4,
        "residual": True,
        "bridge": False,
        "tied": True,
        "word_dropout": 0.3,
        "scheduled_sampling": 0.4,
        "seed": 5,
    },
    "AttentionPooling": {
        "units": 3,
        "kernel_initializer": keras.initializers.Zeros,
        "context_initializer": keras.initializers.Ones,
    },
    "BahdanauAttention": {
        "units": 3,
        "hard": True,
        "coverage": True,
        "switch": True,
        "seed": 5,
    },
    "Bidirectional": {
        "layer": lambda: layers.LSTM(3),
        "merge_mode": "sum",
        "backward_layer": lambda: layers.LSTM(3, go_backwards=True),
    },
    "CharCNN": {
        "input_dim": 9,
        "embedding_dim": 4,
        "filters": 5,
        "kernel_size": 2,
        "dropout": 0.1,
    },
    "CharLSTM": {
        "input_dim": 9,
        "embedding_dim": 4,
        "units": 5,
        "dropout": 0.1,
    },
    "ConcatPooling": {},
    "ContextualEmbedding": {"backbone": backbone},
    "ConvolutionalDecoder": {
        **CONVOLUTIONAL,
        "embedding": embedding,
        "tied": False,
    },
    "ConvolutionalEncoder": CONVOLUTIONAL,
    "DocumentAttention": {
        "units": 3,
        "hard": True,
        "coverage": True,
        "switch": True,
        "seed": 5,
    },
    "ESIM": {
        **RATES,
        "units": 3,
        "rnn": "gru",
        "embedding": embedding,
        "word_dropout": 0.3,
    },
    "DocumentEncoder": {**RATES, "units": 3, "rnn": "gru"},
    "Embedding": {"input_dim": 9, "output_dim": 4, "mask_zero": True},
    "EmbeddingDropout": {"rate": 0.1, "seed": 5},
    "HierarchicalAttention": {
        **RATES,
        "word_units": 3,
        "sentence_units": 4,
        "rnn": "lstm",
        "embedding": embedding,
        "word_dropout": 0.3,
        "length_groups": 2,
    },
    "ImageMemory": {"units": 3, "dropout": 0.1, "seed": 5},
    "LanguageEncoder": {"backbone": backbone, "pooling": "max"},
    "LastPooling": {},
    "LuongAttention": {
        "score": "concat",
        "window": "predictive",
        "width": 3,
        "units": 4,
        "max_places": 5,
        "hard": True,
        "coverage": True,
        "switch": True,
        "seed": 5,
    },
    "MaxPooling": {},
    "MeanPooling": {},
    "MemoryNetwork": {
        "units": 3,
        "hops": 2,
        "tying": "layer-wise",
        "position_encoding": False,
        "memory_size": 7,
        "noise": 0.2,
        "linear_start": True,
        "input_dim": 9,
        "seed": 5,
    },
    "MultiHeadAttention": {
        "num_heads": 2,
        "key_dim": 3,
        "dropout": 0.1,
        "seed": 5,
    },
    "NormedConvolution": {"units": 3, "kernel_size": 2, "gain": 2.0},
    "RecurrentBackbone": {
        "embedding": embedding,
        "layers": lambda: [layers.GRU(3), layers.LSTM(3)],
        "word_dropout": 0.1,
        "input_dropout": 0.2,
        "dropout": 0.3,
        "output_dropout": 0.4,
        "variational": False,
        "seed": 5,
    },
    "SelfAttentionPooling": {
        "units": 3,
        "rows": 2,
        "penalty": 0.1,
        "kernel_initializer": keras.initializers.Zeros,
        "context_initializer": keras.initializers.Ones,
    },
    "Siamese": {
        "encoder": lambda: layers.SequenceEncoder(3, embedding=embedding()),
        "similarity": "cosine",
    },
    "SequenceEncoder": {
        **RATES,
        "units": 3,
        "rnn": "gru",
        "depth": 2,
        "pooling": lambda: layers.SelfAttentionPooling(2, 0.1),
        "embedding": embedding,
        "word_dropout": 0.3,
    },
    "Stack": {
        "layers": lambda: [
            layers.GRU(3, return_sequences=True),
            layers.LSTM(3),
        ],
        "dropout": 0.1,
        "residual": True,
        "seed": 5,
    },
    "StepDropout": {"rate": 0.1, "seed": 5},
    "StoryReader": {
        **RATES,
        "units": 3,
        "embedding_dim": 4,
        "rnn": "gru",
        "input_dim": 9,
    },
    "TokenSoftmax": {"tokens": 9, "tied": True, "unwritten": [0, 7]},
    "TransformerBlock": {**TRANSFORMER, "attends": True},
    "TransformerDecoder": {
        **TRANSFORMER,
        "depth": 2,
        "embedding": embedding,
        "tied": False,
    },
    "TransformerEncoder": {**TRANSFORMER, "depth": 2},
    "VariationalDropout": {"rate": 0.1, "seed": 5},
    "WordFeatures": {
        "embedding": embedding,
        "characters": lambda: layers.CharCNN(9, 4),
        "cases": 5,
        "case_dim": 3,
        "word_dropout": 0.1,
        "dropout": 0.2,
    },
}
# Initial values, and options that have a single value.
NOT_SAVED = {"weights", "unroll", "use_cudnn"}
# Options that exclude one of those above.
EXCLUDED = {"SimpleRNN": {"layer_norm"}, "AttentionDecoder": {"attend_first"}}


def make(name):
    options = {
        key: value() if callable(value) else value
        for key, value in OPTIONS[name].items()
    }
    return getattr(layers, name)(
        **options, name="mine", dtype="mixed_bfloat16", trainable=False
    )


@pytest.mark.parametrize("name", layers.__all__)
def test_a_layer_is_made_again_with_every_option(name):
    layer = make(name)
    config = layer.get_config()
    for key, value in OPTIONS[name].items():
        assert key in config
        if not callable(value):
            assert json.loads(json.dumps(config[key])) == value
    saved = json.dumps(keras.saving.serialize_keras_object(layer))
    copy = keras.saving.deserialize_keras_object(json.loads(saved))
    assert type(copy) is type(layer)
    again = json.loads(json.dumps(keras.saving.serialize_keras_object(copy)))
    assert again == json.loads(saved)
    assert not copy.trainable
    assert copy.dtype_policy == layer.dtype_policy


@pytest.mark.parametrize("name", layers.__all__)
def test_every_argument_of_a_layer_is_tried(name):
    names = set()
    for base in getattr(layers, name).__mro__:
        if base.__module__.startswith("rnnzoo") and "__init__" in vars(base):
            names |= set(inspect.signature(base.__init__).parameters)
    names -= {"self", "args", "kwargs", "dtype"} | NOT_SAVED
    assert names - set(OPTIONS[name]) == EXCLUDED.get(name, set())
