"""Tasks that begin with what another learned, of the same data or of other."""

import dataclasses
import os
from typing import Any

from rnnzoo import replicas
from rnnzoo.ids import PADDING, UNKNOWN
from rnnzoo.tasks import archive
from rnnzoo.tasks.roles import copy_weights
from rnnzoo.tasks.trainer import Trainer


@dataclasses.dataclass(frozen=True)
class Loan:
    """Part of a task that tasks of another kind may begin with.

    Attributes:
        layers: Dict from the path of a layer there, such as `"backbone"`, to
            the path of the one here that takes over its weights.
        lends: Names of the attributes that are taken besides.
    """

    layers: dict
    lends: tuple = ()


@dataclasses.dataclass(frozen=True)
class Transferred:
    """Report of what a task has taken over from a saved one, and what is new.

    Attributes:
        kept: Dict of the name of a vocabulary, or of `"labels"`, to the number
            of its tokens or labels that the saved task has, too.
        new: Dict of the same names to the number of the others.
        found: Dict of the name of a vocabulary to the number of new tokens
            that have pretrained vectors. The others are random.
    """

    kept: dict
    new: dict
    found: dict

    def __str__(self):
        parts = []
        for name, kept in self.kept.items():
            part = f"{name.replace('_', ' ')}: {kept:,} kept"
            part += f", {self.new[name]:,} new"
            if name in self.found:
                part += f", {self.found[name]:,} of them with word vectors"
            parts.append(part)
        return "; ".join(parts)


class Borrower(Trainer):
    """A task that may begin with what another has learned.

    A kind of task declares which vocabularies it has embeddings of,
    `embedded`, and which other weights what it learned indexes, `indexed`.

    Attributes of the class:
        lends: Names of the attributes, besides what was learned, that are
            taken from a saved task.
        loans: Dict of another kind of task, such as `"language_modeling"`, to
            the `Loan` that a `transfer` takes from it.
    """

    lends = ()
    loans = {}

    # What a kind of task declares.

    def embedded(self):
        """Dict of the name of a learned vocabulary to its embedding.

        No property: Keras would save the layers under its name.
        """
        return {}

    def indexed(self):
        """Yields the weights that have something for each token or label.

        Yields:
            Tuples of a weight and a dict from an axis to the name, in
            `learned`, of what indexes it; see `keys`.
        """
        for name, layer in self.embedded().items():
            yield layer.embeddings, {0: name}

    def keys(self, name):
        """Meanings of the places of an axis, a tuple without repetition.

        Args:
            name: What indexes the axis; by default a vocabulary, whose tokens
                begin at id 2. What is no token is no string.
        """
        return (PADDING, UNKNOWN, *self.learned[name])

    def labels_in(self, x, y=None, labels=None):
        """The labels of raw examples, where they are not those of the task.

        Args:
            x, y, labels: See `adapt`.

        Returns:
            Labels, as `adapt` takes them; `None` if the task knows all of them.
        """
        return None

    def anew(self, labels):
        """A task with the same layers, that has learned nothing.

        Args:
            labels: What `labels_in` returned.
        """
        return self._anew()

    def check_lender(self, saved, given):
        """Raises `ValueError` unless `restore` may take what a task learned.

        Args:
            saved: A task of the same class.
            given: What an error says was received.
        """

    # The same data.

    def restore(self, weights: str | os.PathLike) -> None:
        """Takes what a saved task learned: its vocabularies and its weights.

        Args:
            weights: Path, as `rnnzoo.load` takes it, of a task of the same
                class and shape. If this task is adapted, it must have learned
                the same.

        Raises:
            ValueError: If it is another kind of task, or learned something
                else.
        """
        saved, given = self._lender(weights)
        self.check_lender(saved, given)
        if not self.adapted:
            for name in self.lends:
                setattr(self, name, getattr(saved, name))
            with self.distribute_strategy.scope():
                self.take(**saved.learned)
        elif self.learned != saved.learned:
            raise ValueError(
                "Invalid value for argument `weights`. Expected a task that "
                "learned the same as this one, or this one to be new. Received "
                f"other vocabularies or labels: {given}"
            )
        try:
            self.set_weights(saved.get_weights())
        except ValueError as error:
            raise _shape_error(given, error) from error

    # Other data.

    def transfer(
        self,
        weights: Any,
        x: Any,
        y: Any = None,
        labels: Any = None,
        verbose: int = 1,
    ) -> Transferred:
        """Begins with what a saved task learned, for other data.

        It takes the place of `adapt`:

        - The vocabularies are those of the saved task, with the same ids, and
          after them the tokens that `adapt` would have learned of these
          examples and that are not yet there. So they may become larger than
          `vocabulary_size`. The pieces of a `SubwordTokenizer` stay; only the
          characters are added that they lack.
        - The labels are those of the examples. Labels that are numbers are
          those of the saved task, if it has as many.
        - The weights are those of the saved task, also those of tokens, tags
          and labels that have the same name there. The vectors of new tokens
          are those of the task's `embeddings`, if it has any, else drawn from
          a normal distribution with the mean and the spread of the others;
          so are the weights of new tokens in an output layer. Those of new
          labels are as in a new task.

        Args:
            weights: A saved task: its path, as `rnnzoo.load` takes it, or the
                task. It has the same class as this one, or is of another kind
                that `loans` names; and layers of the same sizes.
            x, y, labels, verbose: Raw examples; see `adapt`.

        Returns:
            `Transferred`, the numbers of tokens and labels; printed if
            `verbose`.

        Raises:
            ValueError: If this task is adapted; or if the other is of another
                kind, or has other layers.

        Examples:

        >>> import rnnzoo
        >>> small = {"units": 4, "embedding_dim": 4, "min_count": 1}
        >>> first = rnnzoo.build("bilstm_classifier", **small)
        >>> first.adapt(["good", "bad"], ["pos", "neg"], verbose=0)
        >>> task = rnnzoo.build("bilstm_classifier", num_classes=3, **small)
        >>> texts, labels = ["good", "so so", "bad"], ["pos", "mid", "neg"]
        >>> print(task.transfer(first, texts, labels, verbose=0))
        vocabulary: 2 kept, 1 new; labels: 2 kept, 1 new
        >>> task.vocabulary.tokens, task.labels
        (('bad', 'good', 'so'), ('mid', 'neg', 'pos'))
        """
        self._require_new()
        saved, given = self._lender(weights, self.loans)
        same = type(saved) is type(self)
        loan = Loan(None, self.lends) if same else self.loans[saved.kind]
        for name in loan.lends:
            setattr(self, name, _copied(getattr(saved, name)))
        counts = self.count_all(x, y, labels, verbose)
        learned = self.extend(self.learn(counts, counts.labels), saved)
        found = self.begin(learned, counts, verbose)
        try:
            copy_weights(self, saved, found, loan.layers)
        except ValueError as error:
            raise _shape_error(given, error) from error
        report = self._compare(saved, found)
        if verbose:
            print(f"From {given}: {report}")
        return report

    def extend(self, learned, saved):
        """Adds what was learned of examples to what a saved task learned.

        Args:
            learned: What `learn` returned.
            saved: The task.
        """
        longer = {}
        for name in self.embedded():
            known = saved.learned.get(name) or ()
            longer[name] = list(dict.fromkeys((*known, *learned[name])))
        return {**learned, **longer}

    # Details.

    def _lender(self, weights, kinds=()):
        """The saved task, and what an error says of it.

        Args:
            weights: See `transfer`.
            kinds: Other kinds of tasks that will do.
        """
        saved, given = weights, "weights="
        if isinstance(weights, Borrower):
            given += f"<{weights.name}>"
        else:
            saved = replicas.outside(archive.load, weights, Borrower)
            given += repr(os.fspath(weights))
        if type(saved) is not type(self) and saved.kind not in kinds:
            also = "".join(f" or a task of {kind}" for kind in kinds)
            raise ValueError(
                "Invalid value for argument `weights`. Expected a saved "
                f"`{type(self).__name__}`{also}. Received: "
                f"{given}, a `{type(saved).__name__}`"
            )
        saved._require_adapted("transfer")
        return saved, given

    def _anew(self, **changes):
        config = _without_sizes(self.get_config())
        config |= dict.fromkeys(self.learned) | changes
        task = type(self).from_config(config)
        for embedding in task.embedded().values():
            embedding.input_dim = None  # as many rows as there will be tokens
        return task

    def _compare(self, saved, found):
        names = [*self.embedded(), "labels"]
        ours = {name: self.learned.get(name) or () for name in names}
        known = {name: set(saved.learned.get(name) or ()) for name in names}
        kept, new, with_vectors = {}, {}, {}
        for name in filter(ours.get, names):
            others = set(ours[name]).difference(known[name])
            kept[name] = len(ours[name]) - len(others)
            new[name] = len(others)
            if name in found:
                with_vectors[name] = len(others & found[name])
        return Transferred(kept, new, with_vectors)


def _without_sizes(config):
    """A configuration without what Keras builds layers by, at all depths."""
    if isinstance(config, list | tuple):
        return [_without_sizes(each) for each in config]
    if not isinstance(config, dict):
        return config
    return {
        key: _without_sizes(value)
        for key, value in config.items()
        if key not in ("build_config", "sizes")
    }


def _copied(value):
    """A copy of what a task lends, where it may change."""
    if hasattr(value, "get_config"):  # such as a tokenizer
        return value.from_config(value.get_config())
    return value


def _shape_error(given, error):
    return ValueError(
        "Invalid value for argument `weights`. Expected a task of the same "
        f"shape. Received: {given}; {error}"
    )
