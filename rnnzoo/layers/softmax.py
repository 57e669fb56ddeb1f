"""Output layers of language models: the probability of the next token."""

import itertools

import keras
import tensorflow as tf

from rnnzoo.graphs import map_rows


def in_parts(function, tensors, most):
    """The results of a function on all rows, computed on some at a time.

    Args:
        function: Takes some rows of each tensor; returns a structure of
            float32 and int32 tensors with as many rows. Their dtypes are those
            of its results on no rows.
        tensors: Tuple of tensors `(n, ...)`.
        most: Most rows at a time; `None` for all.
    """
    if most is None:
        return function(*tensors)
    count = tf.shape(tensors[0])[0]
    size = tf.clip_by_value(count, 1, most)
    parts = tf.maximum(-(-count // size), 1)

    def cut(tensor):
        missing = [[0, parts * size - count]]
        missing += [[0, 0]] * (tensor.shape.rank - 1)
        shape = tf.concat([[parts, size], tf.shape(tensor)[1:]], axis=0)
        cut = tf.reshape(tf.pad(tensor, missing), shape)
        return tf.ensure_shape(cut, [None, None, *tensor.shape[1:]])

    found = map_rows(
        lambda part: function(*part),
        tuple(map(cut, tensors)),
        tf.nest.map_structure(
            lambda x: tf.TensorSpec([None, *x.shape[1:]], x.dtype),
            function(*(each[:0] for each in tensors)),
        ),
    )

    def join(tensor):
        shape = tf.concat([[parts * size], tf.shape(tensor)[2:]], axis=0)
        return tf.reshape(tensor, shape)[:count]

    return tf.nest.map_structure(join, found)


@tf.custom_gradient
def cross_entropy(scores, tokens):
    """Negative log probabilities of tokens.

    TensorFlow's own takes three times as long, and in training, twice.

    Args:
        scores: Logits, float32 `(n, tokens)`.
        tokens: int32 `(n,)`.

    Returns:
        float32 `(n,)`. It has no second derivatives.
    """
    best = tf.reduce_max(scores, axis=1)
    weights = tf.exp(scores - best[:, None])
    total = tf.reduce_sum(weights, axis=1)
    chosen = tf.gather(scores, tokens, batch_dims=1)

    @tf.custom_gradient
    def slopes(d, *_):
        found = weights * (d / total)[:, None]
        places = tf.stack([tf.range(tf.size(tokens)), tokens], axis=1)

        def gradient(*_):
            raise NotImplementedError(
                "The output layers of language models have no second "
                "derivatives."
            )

        return tf.tensor_scatter_nd_sub(found, places, d), gradient

    # The scores are an argument so that their second derivatives end there.
    return tf.math.log(total) + best - chosen, lambda d: (
        slopes(d, scores),
        None,
    )


class _Softmax(keras.layers.Layer):
    """Base of both output layers.

    Attributes:
        tokens: Number of tokens; may be set until the layer is built.
        unwritten: Tuple of the tokens that have no probability.
    """

    tied = False

    def __init__(self, tokens=None, unwritten=(), **kwargs):
        super().__init__(**kwargs)
        self.tokens = tokens
        self.unwritten = tuple(unwritten)

    def build(self, vectors_shape):
        if self.tokens is None:
            raise ValueError(
                f"The output layer {self.name!r} does not know its number of "
                "tokens. Set its `tokens` before it is built."
            )

    @property
    def output_shape(self):
        """Shape of the log probabilities, for a model's summary."""
        return (None, None, self.tokens)

    def call(self, vectors):
        scores = self.scores(self._flat(vectors), self.prepare())
        shape = tf.concat([tf.shape(vectors)[:-1], [self.tokens]], axis=0)
        return tf.reshape(tf.nn.log_softmax(scores), shape)

    def losses_of(self, vectors, tokens, most=None):
        """The negative log probabilities of given tokens.

        Args:
            vectors: `(..., features)`.
            tokens: int32 `(...)`.
            most: Most vectors whose scores of all tokens are in memory at a
                time; `None` for all.

        Returns:
            float32 `(...)`.
        """
        weights = self.prepare()
        flat = tf.reshape(tf.cast(tokens, tf.int32), [-1])
        losses = in_parts(
            lambda *part: self._losses_of(*part, weights),
            (self._flat(vectors), flat),
            most,
        )
        return tf.reshape(losses, tf.shape(tokens))

    def _penalty(self, tokens):
        """float32 of the shape of the tokens: minus infinity if unwritten."""
        if not self.unwritten:
            return tf.zeros(tf.shape(tokens))
        never = tf.reduce_any(tokens[:, None] == list(self.unwritten), axis=1)
        return tf.where(never, -float("inf"), 0.0)

    def _flat(self, vectors):
        vectors = self._cast(vectors)
        return tf.reshape(vectors, [-1, vectors.shape[-1]])

    def _cast(self, value):
        return tf.cast(tf.convert_to_tensor(value), self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "tokens": self.tokens,
            "unwritten": list(self.unwritten),
        }


@keras.saving.register_keras_serializable(package="rnnzoo")
class TokenSoftmax(_Softmax):
    """Softmax over all tokens.

        p(w | h) = softmax(W h + b)_w

    Args:
        tokens: Number of tokens; `None` if the attribute will be set before
            the layer is built.
        tied: Whether `W` is the matrix of an embedding (Press & Wolf 2017),
            which `tie` must be given before the layer is built.
        unwritten: Tokens that have no probability.

    Call arguments:
        vectors: `(..., features)`.

    Returns:
        float32 `(..., tokens)`, log probabilities.

    Raises:
        ValueError: If there is no number of tokens, or if the embedding has
            vectors of another size.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> softmax = layers.TokenSoftmax(5, unwritten=[0])
        >>> log_probs = softmax(np.ones((2, 3, 4), "float32")).numpy()
        >>> np.exp(log_probs).sum(axis=2).round(4).tolist()
        [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
        >>> float(log_probs[0, 0, 0])
        -inf
    """

    def __init__(self, tokens=None, tied=False, unwritten=(), **kwargs):
        super().__init__(tokens, unwritten, **kwargs)
        self.tied = tied

    def build(self, vectors_shape):
        super().build(vectors_shape)
        features = vectors_shape[-1]
        if not self.tied:
            self.kernel = self.add_weight(
                shape=(features, self.tokens),
                initializer="glorot_uniform",
                name="kernel",
            )
        elif self._tied_to().output_dim != features:
            raise ValueError(
                "Invalid value for argument `tied`. Expected False, or an "
                f"embedding of the size of the vectors, {features}. Received: "
                f"tied=True, with one of {self._tied_to().output_dim}"
            )
        self.bias = self.add_weight(
            shape=(self.tokens,), initializer="zeros", name="bias"
        )

    def tie(self, embedding):
        """Takes the matrix of an embedding, a layer of its owner.

        Args:
            embedding: `rnnzoo.layers.Embedding`.
        """
        self._tied_to = lambda: embedding  # Keras would count it twice.

    def get_build_config(self):
        # A loaded layer is built by its owner, which knows the embedding.
        return None if self.tied else super().get_build_config()

    def by_token(self):
        """Tuples of a weight and its axis of tokens."""
        if not self.tied:
            return [(self.bias, 0), (self.kernel, 1)]
        return [(self.bias, 0)]

    def prepare(self):
        """The weights as `scores` takes them."""
        matrix = self._tied_to().embeddings if self.tied else self.kernel
        bias = tf.cast(tf.convert_to_tensor(self.bias), tf.float32)
        return self._cast(matrix), bias + self._penalty(tf.range(self.tokens))

    def scores(self, vectors, weights):
        """Logits, float32 `(n, tokens)`, of vectors `(n, features)`."""
        matrix, bias = weights
        products = tf.matmul(vectors, matrix, transpose_b=self.tied)
        return tf.nn.bias_add(tf.cast(products, tf.float32), bias)

    def _losses_of(self, vectors, tokens, weights):
        return cross_entropy(self.scores(vectors, weights), tokens)

    def get_config(self):
        return {**super().get_config(), "tied": self.tied}


@keras.saving.register_keras_serializable(package="rnnzoo")
class AdaptiveSoftmax(_Softmax):
    """Softmax that spends little on rare tokens, and is exact.

    Grave et al. 2017: a head gives the probabilities of the most frequent
    tokens and of the clusters of the others; a cluster `i`, counted from 1, is
    computed only where its tokens occur, from vectors of fewer features:

        p(w | h) = p(w)                       in the head
        p(w | h) = p(i | h) softmax(V_i P_i h)_w,   P_i: features / ratio^i

    Tokens must be in the order of their frequency, as those of a vocabulary
    are, but the last one comes first: it ends a text, and each text has one.

    Args:
        tokens: Number of tokens; `None` if the attribute will be set before
            the layer is built.
        cutoffs: Numbers of tokens before each cluster, ascending; those that
            are not below `tokens` make no cluster.
        ratio: Divisor of the features from cluster to cluster.
        unwritten: Tokens that have no probability.

    Call arguments:
        vectors: `(..., features)`.

    Returns:
        float32 `(..., tokens)`, log probabilities.

    Raises:
        ValueError: If the cutoffs do not ascend, or if there is no number of
            tokens.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> softmax = layers.AdaptiveSoftmax(20, cutoffs=[4, 10])
        >>> vectors = np.ones((1, 8), "float32")
        >>> log_probs = softmax(vectors).numpy()
        >>> round(float(np.exp(log_probs).sum()), 4)
        1.0
        >>> bool(np.allclose(softmax.losses_of(vectors, [7]), -log_probs[:, 7]))
        True
    """

    def __init__(
        self,
        tokens=None,
        cutoffs=(2_000, 10_000),
        ratio=4,
        unwritten=(),
        **kwargs,
    ):
        super().__init__(tokens, unwritten, **kwargs)
        self.cutoffs = tuple(cutoffs)
        if not self.cutoffs or [0, *self.cutoffs] != sorted({0, *self.cutoffs}):
            raise ValueError(
                "Invalid value for argument `cutoffs`. Expected ascending "
                f"positive integers. Received: cutoffs={cutoffs!r}"
            )
        self.ratio = ratio

    def build(self, vectors_shape):
        super().build(vectors_shape)
        features = vectors_shape[-1]
        inner = [each for each in self.cutoffs if each < self.tokens]
        self.ends = [*inner, self.tokens]
        head = self.ends[0] + len(inner)
        self.kernel = self._weight("kernel", features, head)
        self.bias = self.add_weight(
            shape=(head,), initializer="zeros", name="bias"
        )
        self.tails = []
        for i, size in enumerate(self._sizes()):
            fewer = max(features // self.ratio ** (i + 1), 1)
            self.tails.append(
                (
                    self._weight(f"projection_{i}", features, fewer),
                    self._weight(f"kernel_{i}", fewer, size),
                )
            )

    def by_token(self):
        """Nothing: no weight has an axis of all tokens."""
        return []

    def prepare(self):
        """The weights as `scores` takes them."""
        places = tf.range(self.tokens)
        penalties = self._penalty((places - 1) % self.tokens)
        head, *tails = tf.split(penalties, [self.ends[0], *self._sizes()])
        bias = tf.cast(tf.convert_to_tensor(self.bias), tf.float32)
        bias += tf.concat([head, tf.zeros(len(tails))], axis=0)
        pairs = [tuple(map(self._cast, pair)) for pair in self.tails]
        return self._cast(self.kernel), bias, pairs, tails

    def scores(self, vectors, weights):
        """Log probabilities `(n, tokens)` of vectors `(n, features)`."""
        kernel, bias, pairs, penalties = weights
        head = tf.nn.log_softmax(_product(vectors, kernel) + bias)
        first = self.ends[0]
        parts = [head[:, :first]]
        for i, (pair, penalty) in enumerate(zip(pairs, penalties, strict=True)):
            tail = tf.nn.log_softmax(_tail(vectors, pair) + penalty)
            parts.append(head[:, first + i, None] + tail)
        return tf.roll(tf.concat(parts, axis=1), -1, axis=1)

    def _losses_of(self, vectors, tokens, weights):
        kernel, bias, pairs, penalties = weights
        places = (tokens + 1) % self.tokens
        starts = tf.constant(self.ends[:-1], tf.int32)
        # 0 in the head, then the number of the cluster
        cluster = tf.reduce_sum(
            tf.cast(places[:, None] >= starts, tf.int32), axis=1
        )
        first = self.ends[0]
        targets = tf.where(cluster == 0, places, first + cluster - 1)
        losses = cross_entropy(_product(vectors, kernel) + bias, targets)
        for i, (pair, penalty) in enumerate(zip(pairs, penalties, strict=True)):
            rows = tf.where(cluster == i + 1)
            inside = cross_entropy(
                _tail(tf.gather_nd(vectors, rows), pair) + penalty,
                tf.gather_nd(places, rows) - self.ends[i],
            )
            losses = tf.tensor_scatter_nd_add(losses, rows, inside)
        return losses

    def _sizes(self):
        """Numbers of the tokens of clusters."""
        return [end - start for start, end in itertools.pairwise(self.ends)]

    def _weight(self, name, *shape):
        return self.add_weight(
            shape=shape, initializer="glorot_uniform", name=name
        )

    def get_config(self):
        return {
            **super().get_config(),
            "cutoffs": list(self.cutoffs),
            "ratio": self.ratio,
        }


def _product(vectors, kernel):
    return tf.cast(tf.matmul(vectors, kernel), tf.float32)


def _tail(vectors, pair):
    projection, kernel = pair
    return _product(tf.matmul(vectors, projection), kernel)
