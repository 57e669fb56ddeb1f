"""Memory networks: several hops of attention to the sentences of a story."""

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.checks import check_choice, check_positive, check_rate
from rnnzoo.ids import distinct
from rnnzoo.layers.dropout import next_seed
from rnnzoo.layers.embedding import Embedding
from rnnzoo.layers.pooling import masked_softmax

SPREAD = 0.1  # standard deviation of initial weights, as in the paper


def position_weights(words, units):
    """The weights of the words of a sentence, by their positions.

    Twice those of Sukhbaatar et al. 2015, section 4.1, which is about what the
    authors' code does:

        l_kj = 2 (1 - j / J) - 2 (k / d) (1 - 2 j / J)

    So words weigh about 1 on average, as they do without positions. With half
    of it, the products that a hop begins with would be a quarter.

    Args:
        words: Number of words, `J`.
        units: Size of the vectors, `d`.

    Returns:
        float32 array `(words, units)`, where j and k count from 1.

    Examples:
        >>> from rnnzoo.layers.memory_network import position_weights
        >>> position_weights(2, 2).tolist()
        [[1.0, 1.0], [1.0, 2.0]]
    """
    first, slope = _position_factors(units)
    place = np.arange(1, words + 1, dtype="float32")[:, None] / words
    return first + place * slope


def _position_factors(units):
    """The weights are a line in j / J: its value at 0, and its slope."""
    share = np.arange(1, units + 1, dtype="float32") / units
    return 2 - 2 * share, 4 * share - 2


@keras.saving.register_keras_serializable(package="rnnzoo")
class MemoryNetwork(keras.layers.Layer):
    """End-to-end memory network over the sentences of a story.

    Sukhbaatar et al. 2015, "End-To-End Memory Networks". Sentence i is a
    memory `m_i = sum_j l_j A x_ij + T_A(i)` and an output
    `c_i = sum_j l_j C x_ij + T_C(i)`, where `l_j` weighs words by their
    positions (see `position_weights`) and `T` tells how many sentences came
    after. The question `q` is read in the same way, `u = sum_j l_j B q_j`. A
    hop is

        p_i = softmax_i(u . m_i)
        u   = u + sum_i p_i c_i

    and there are several. Each has an A and a C: with adjacent tying, the A of
    a hop is the C of the one before, and the first A is B; with layer-wise
    tying, all hops have the same A and C, and `u` is multiplied by a matrix H
    in each. All tables are columns of one embedding.

    Memories that no sentence fills are zero, and part of the softmax (section
    4.2, null symbols). So a hop can look at nothing, and its weights of the
    sentences sum to less than 1. Without this, questions with the answers yes
    and no are hard to learn.

    There are always `memory_size` memories: padding words, padding sentences
    and other rows change nothing. Without a sentence, the answer depends on the
    question alone.

    Args:
        units: Size of the vectors.
        hops: Number of hops.
        tying: `"adjacent"` or `"layer-wise"`.
        position_encoding: Whether positions of words weigh them; if not, a
            sentence is a bag of words.
        memory_size: Number of memories, and of the vectors that tell when a
            sentence came; all sentences before so many others have the last
            one.
        noise: Empty memories, put at random places of a story in training,
            move the sentences before them away in time. There are fewer than
            this share of the sentences, rounded up: with 0.1, none in a story
            of ten, none or one in a story of eleven to twenty.
        linear_start: Whether the layer has a switch, the weight `linear`,
            which takes the softmax of the hops away in training.
        input_dim: Number of ids; if `None`, the `embedding` must be told
            before it is built.
        seed: Optional integer that makes initial weights and noise
            reproducible.

    Call arguments:
        inputs: Dict of ids, 0 for padding: `"memory"` `(batch, sentences,
            words)` and `"question"` `(batch, words)`.
        training: Whether to draw noise.
        return_attention_scores: Whether to return the weights `p` as well.

    Returns:
        `u` after the last hop, `(batch, units)`. With
        `return_attention_scores`, a tuple of it and of the weights, float32
        `(batch, hops, sentences)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> network = layers.MemoryNetwork(4, hops=2, input_dim=9)
        >>> story = np.array([[[2, 3, 4], [5, 3, 0], [0, 0, 0]]])
        >>> vectors, weights = network(
        ...     {"memory": story, "question": np.array([[6, 2]])},
        ...     return_attention_scores=True,
        ... )
        >>> tuple(vectors.shape), tuple(weights.shape)
        ((1, 4), (1, 2, 3))
        >>> bool((weights[..., 2] == 0).numpy().all())
        True
    """

    def __init__(
        self,
        units,
        hops=3,
        tying="adjacent",
        position_encoding=True,
        memory_size=50,
        noise=0.1,
        linear_start=False,
        input_dim=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive("units", units)
        check_positive("hops", hops)
        check_choice("tying", tying, ("adjacent", "layer-wise"))
        check_positive("memory_size", memory_size)
        check_rate("noise", noise)
        self.units = units
        self.hops = hops
        self.tying = tying
        self.position_encoding = position_encoding
        self.memory_size = memory_size
        self.noise = noise
        self.linear_start = linear_start
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.embedding = Embedding(
            input_dim,
            self.tables * units,
            embeddings_initializer=self._initializer(0),
            name="embedding",
            dtype=self.dtype_policy,
        )

    @property
    def is_adjacent(self):
        return self.tying == "adjacent"

    @property
    def tables(self):
        """Number of embeddings: of each hop and one; or A, C, B and W."""
        return self.hops + 1 if self.is_adjacent else 4

    @property
    def memories(self):
        """Number of those that sentences are read by, the first ones."""
        return self.tables if self.is_adjacent else 2

    def build(self, input_shape=None):
        if not self.embedding.built:
            self.embedding.build((None, None))
        self.time = self.add_weight(
            shape=(self.memory_size, self.memories * self.units),
            initializer=self._initializer(1),
            name="time",
        )
        if not self.is_adjacent:
            self.kernel = self.add_weight(
                shape=(self.units, self.units),
                initializer=self._initializer(2),
                name="kernel",
            )
        if self.linear_start:
            self.linear = self.add_weight(
                shape=(),
                initializer="zeros",
                trainable=False,
                autocast=False,
                name="linear",
            )
        self.built = True

    def call(self, inputs, training=None, return_attention_scores=False):
        # Over replicas, Keras tries a model on averages of ids.
        story = tf.cast(inputs["memory"], tf.int32)
        question = tf.cast(inputs["question"], tf.int32)
        shape = tf.shape(story)
        is_word = story != 0
        exists = tf.reduce_any(is_word, axis=2)  # (batch, sentences)
        sentences = self._read(tf.reshape(story, [-1, shape[2]]))
        # (batch * sentences, tables * units), of which memories has the first
        sentences = sentences[:, : self.memories * self.units]
        sentences = tf.reshape(
            sentences, [shape[0], shape[1], self.memories * self.units]
        )
        sentences += self._times(exists, training)
        sentences = tf.split(sentences, self.memories, axis=2)
        first = 0 if self.is_adjacent else 2
        vectors = self._table(self._read(question), first)
        weights = []
        for hop in range(self.hops):
            place = hop if self.is_adjacent else 0
            found, weight = self._hop(
                vectors, *sentences[place : place + 2], exists, training
            )
            if not self.is_adjacent:
                vectors = tf.matmul(vectors, self._cast(self.kernel))
            vectors += found
            weights.append(weight)
        if return_attention_scores:
            return vectors, tf.stack(weights, axis=1)
        return vectors

    def answer_vectors(self, ids):
        """The vectors that the result is compared with, for some ids.

        Args:
            ids: Integers `(answers,)`.

        Returns:
            `(answers, units)`: with adjacent tying, those of the last C.
        """
        return self._table(self.embedding(ids), self.tables - 1)

    def _hop(self, vectors, memory, output, exists, training):
        """Result of a hop, `(batch, units)`, and its weights."""
        # (batch, 1, units) x (batch, sentences, units)
        scores = tf.matmul(vectors[:, None], memory, transpose_b=True)[:, 0]
        weights = _softmax(scores, exists, self.memory_size)
        if training and self.linear_start:
            plain = tf.where(exists, tf.cast(scores, weights.dtype), 0.0)
            weights = tf.where(self.linear > 0, plain, weights)
        found = tf.matmul(tf.cast(weights, output.dtype)[:, None], output)
        return found[:, 0], weights

    def _read(self, ids):
        """Sentences in all tables: `(n, words)` to `(n, tables * units)`.

        Stories of the same people and places share many sentences, each of
        which is read once.
        """
        ids, places = distinct(ids)
        return tf.gather(self._read_each(ids), places)

    def _read_each(self, ids):
        weights = tf.cast(ids != 0, self.compute_dtype)
        vectors = self.embedding(ids)  # (n, words, tables * units)
        if not self.position_encoding:
            return tf.matmul(weights[:, None], vectors)[:, 0]
        count = tf.reduce_sum(weights, axis=1, keepdims=True)
        place = tf.cumsum(weights, axis=1) / tf.maximum(count, 1)
        # The sum of the words, and the sum by their places: (n, 2, words)
        weights = tf.stack([weights, weights * place], axis=1)
        sums = tf.matmul(weights, vectors)
        first, slope = (
            tf.cast(np.tile(each, self.tables), self.compute_dtype)
            for each in _position_factors(self.units)
        )
        return sums[:, 0] * first + sums[:, 1] * slope

    def _times(self, exists, training):
        """Vectors of the times of sentences, `(batch, sentences, features)`."""
        steps = tf.cast(exists, tf.int32)
        after = tf.cumsum(steps, axis=1, reverse=True, exclusive=True)
        if training and self.noise:
            after += self._empty_memories(after, tf.reduce_sum(steps, axis=1))
        after = tf.clip_by_value(after, 0, self.memory_size - 1)
        return self._cast(tf.gather(self.time.value, after))

    def _empty_memories(self, after, counts):
        """Empty memories after each sentence, int32 `(batch, sentences)`."""

        def ceiling(sentences):
            return tf.math.ceil(self.noise * tf.cast(sentences, tf.float32))

        shape = tf.shape(after)
        most = tf.cast(ceiling(shape[1]), tf.int32)
        seed = next_seed(self.seed_generator)
        drawn = tf.random.stateless_uniform([shape[0], 1 + most], seed)
        number = tf.cast(drawn[:, 0] * ceiling(counts), tf.int32)
        # The number of sentences that come after an empty memory: (batch, most)
        places = drawn[:, 1:] * tf.cast(counts[:, None] + 1, tf.float32)
        exists = tf.sequence_mask(number, most)
        places = tf.where(exists, tf.cast(places, tf.int32), tf.int32.max)
        is_after = places[:, None] <= after[:, :, None]
        return tf.reduce_sum(tf.cast(is_after, tf.int32), axis=2)

    def _table(self, vectors, number):
        """The part of vectors that one of the tables has made."""
        first = number * self.units
        return vectors[..., first : first + self.units]

    def _cast(self, value):
        return tf.cast(tf.convert_to_tensor(value), self.compute_dtype)

    def _initializer(self, number):
        seed = None if self.seed is None else self.seed + number
        return keras.initializers.RandomNormal(stddev=SPREAD, seed=seed)

    def compute_output_shape(self, input_shape):
        return (None, self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "hops": self.hops,
            "tying": self.tying,
            "position_encoding": self.position_encoding,
            "memory_size": self.memory_size,
            "noise": self.noise,
            "linear_start": self.linear_start,
            "input_dim": self.embedding.input_dim,
            "seed": self.seed,
        }


def _softmax(scores, exists, memory_size):
    """Softmax over the sentences and the memories that none fills.

    Args:
        scores: `(batch, sentences)`.
        exists: Boolean `(batch, sentences)`.
        memory_size: Number of memories.

    Returns:
        float32 `(batch, sentences)`.
    """
    filled = tf.reduce_sum(tf.cast(exists, tf.int32), axis=1, keepdims=True)
    free = memory_size - filled
    # With scores of 0, they weigh as much as one with their logarithm.
    rest = tf.math.log(tf.cast(tf.maximum(free, 1), tf.float32))
    scores = tf.concat([tf.cast(scores, tf.float32), rest], axis=1)
    exists = tf.concat([exists, free > 0], axis=1)
    return masked_softmax(scores, exists)[:, :-1]
