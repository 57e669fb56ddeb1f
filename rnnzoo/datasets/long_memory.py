"""Problems that only a network with a long memory solves."""

import numpy as np

from rnnzoo.datasets.whole import tfds

SIZES = {"train": 10_000, "validation": 1000, "test": 1000}
STEPS = (50, 100, 200)
SYMBOLS, COPIED = 8, 10  # kinds of symbols, and how many are copied
BLANK, GO = 0, SYMBOLS + 1


class _Problem(tfds.core.GeneratorBasedBuilder):
    """Generated examples, of a length that the config names."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    BUILDER_CONFIGS = [
        tfds.core.BuilderConfig(name=str(steps), description=f"{steps} steps.")
        for steps in STEPS
    ]

    @property
    def steps(self):
        return int(self.builder_config.name)

    def _make_info(self, features):
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=tuple(features),
            license="Apache-2.0",
        )

    def _split_generators(self, dl_manager):
        return {
            name: self._generate_examples(size, seed)
            for seed, (name, size) in enumerate(SIZES.items())
        }

    def _generate_examples(self, size, seed):
        rng = np.random.default_rng([seed, self.steps])
        for key in range(size):
            yield key, self.example(rng)


class RnnzooAdding(_Problem):
    """The adding problem (Hochreiter & Schmidhuber 1997, experiment 4).

    `sequence` has two numbers a step: one drawn from 0 to 1, and a mark, 1 at
    one step of the first half and one of the second, else 0. `sum` is that of
    the two marked numbers. Who always says 1 has a mean squared error of 1/6.
    10,000 examples to train on, 1,000 to validate and 1,000 to test, of 50, 100
    or 200 steps: `rnnzoo_adding/200`. The dataset is generated and needs no
    network.
    """

    def _info(self):
        shape = (self.steps, 2)
        return self._make_info(
            {
                "sequence": tfds.features.Tensor(shape=shape, dtype=np.float32),
                "sum": tfds.features.Scalar(dtype=np.float32),
            }
        )

    def example(self, rng):
        """One example, drawn from a generator of NumPy."""
        return adding(self.steps, rng)


def adding(steps, rng):
    """An example of `RnnzooAdding`, as a dict, of any number of steps.

    Args:
        steps: Number of steps.
        rng: Generator of NumPy.
    """
    half = steps // 2
    marked = rng.integers(half), half + rng.integers(steps - half)
    sequence = np.zeros((steps, 2), "float32")
    sequence[:, 0] = rng.random(steps, "float32")
    sequence[marked, 1] = 1
    return {"sequence": sequence, "sum": sequence[:, 0] @ sequence[:, 1]}


class RnnzooCopying(_Problem):
    """The copying problem (Hochreiter & Schmidhuber 1997, experiment 2).

    As in Arjovsky et al. 2016, section 5.1: `sequence` has ten symbols, 1 to 8,
    then blanks, 0, of which the last one, 9, says to begin, and ten more
    blanks. `copy` has blanks, and the ten symbols at the end. Who remembers
    nothing has a cross-entropy of `10 log 8` a sequence. 10,000 examples to
    train on, 1,000 to validate and 1,000 to test, with 50, 100 or 200 steps
    between the symbols and their copy: `rnnzoo_copying/200`. The dataset is
    generated and needs no network.
    """

    def _info(self):
        shape = (self.steps + 2 * COPIED,)
        return self._make_info(
            {
                "sequence": tfds.features.Tensor(shape=shape, dtype=np.int32),
                "copy": tfds.features.Tensor(shape=shape, dtype=np.int32),
            }
        )

    def example(self, rng):
        """One example, drawn from a generator of NumPy."""
        symbols = rng.integers(1, SYMBOLS + 1, COPIED)
        sequence = np.full(self.steps + 2 * COPIED, BLANK, "int32")
        copy = sequence.copy()
        sequence[:COPIED] = copy[-COPIED:] = symbols
        sequence[-COPIED - 1] = GO
        return {"sequence": sequence, "copy": copy}
