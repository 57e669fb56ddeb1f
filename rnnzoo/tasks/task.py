"""What every task shares: raw examples in, Keras training inside."""

import dataclasses
import os
import zipfile
from pathlib import Path

import keras

from rnnzoo.checks import check_positive
from rnnzoo.files import atomic_path
from rnnzoo.optimizers import LazyAdam, moving_averages
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.raw import as_columns
from rnnzoo.recipe import Recipe

AVERAGED_SHARE = 0.1  # of all steps, that moving averages reach over at most
STEPS_PER_EXECUTION = 10  # small models would wait for Python after each


class Task(keras.Model):
    """A Keras model that takes raw examples.

    Subclasses say how raw examples become numbers (`adapt`, `encode`), what
    is trained (`default_loss`, `default_metrics`, `call`) and offer the verb
    of their trade (`classify`, `tag`, `translate`, `caption`), the same under
    Keras's name, `predict`, and `explain`.

    `monitor` names the metric, higher for better, by which `rnnzoo.finetune`
    chooses the best epoch; `signatures` says of what `score` counted how that
    was done. `parts` names the arguments that are layers or tokenizers, for
    the configuration; `takes_class_weight` says whether an example has one
    class.

    Wherever a method takes raw data `x, y, sample_weight`, it takes what
    `rnnzoo.pipeline.raw.iterate` reads, TFDS datasets, `tf.data`, lists and
    arrays, or the result of `encode()`, so that data used twice is encoded
    once.
    """

    parts = ()
    takes_class_weight = False

    def __init__(self, recipe=None, **kwargs):
        super().__init__(**kwargs)
        if isinstance(recipe, dict):
            recipe = Recipe(**recipe)
        self.recipe = recipe or Recipe()
        self._validation = self._validation_batches = None
        self.signatures = {}

    # What a subclass defines.

    @property
    def adapted(self):
        """Whether the vocabularies are known, and so the weights' shapes."""
        raise NotImplementedError

    def adapt(self, x, y=None, labels=None, verbose=1):
        """Learns vocabularies (and labels, where it must) from raw examples."""
        raise NotImplementedError

    @property
    def learned(self):
        """Dict of what `adapt` learns, as the configuration has it."""
        raise NotImplementedError

    def encode(self, x, y=None, sample_weight=None):
        """Raw examples as numbers: `rnnzoo.pipeline.examples.Examples`."""
        raise NotImplementedError

    def default_optimizer(self, steps=None, learning_rate=None):
        """The recipe's optimizer.

        Args:
            steps: Training steps, over which the learning rate falls along
                half a cosine; if `None`, it is constant, and there are no
                moving averages.
            learning_rate: The highest rate; defaults to the recipe's.
        """
        rate = learning_rate or self.recipe.learning_rate
        options = {}
        if steps is not None:
            rate = keras.optimizers.schedules.CosineDecay(
                rate, steps, alpha=self.recipe.final_rate
            )
            if momentum := self.recipe.ema_momentum:
                # In a short training, the weights at its start would weigh.
                longest = 1 - 1 / max(steps * AVERAGED_SHARE, 1)
                momentum = min(momentum, longest)
                options = {"use_ema": True, "ema_momentum": momentum}
        return LazyAdam(
            rate,
            rates=self.learning_rates(),
            global_clipnorm=self.recipe.clipnorm,
            **options,
        )

    def learning_rates(self):
        """Factors of the learning rate, by the name of a layer."""
        return {}

    def default_loss(self):
        raise NotImplementedError

    def default_metrics(self):
        return []

    def score(self, examples, quick=False):
        """What is told beside the metrics, such as BLEU of whole answers.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples`.
            quick: Whether answers may be worse, for speed: after each epoch.

        Returns:
            Dict of name to number.
        """
        return {}

    # What Keras does, from raw examples.

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """Configures training; without arguments, as the recipe says.

        Args:
            optimizer: As in Keras; `"auto"` is the recipe's, at a constant
                rate and without averages: only `rnnzoo.finetune` knows the
                number of steps that those need.
            loss: As in Keras; `"auto"` is the task's.
            metrics: As in Keras; `"auto"` is the task's.
            **kwargs: As in Keras, but for two defaults. `jit_compile` is off:
                batches differ in shape, and XLA would compile each.
                `steps_per_execution` is 10: callbacks see each tenth batch,
                and `steps_per_epoch` is rounded up to tens. Over replicas it
                is 1, because Keras fails with more.
        """
        kwargs.setdefault("jit_compile", False)
        if self.distribute_strategy.num_replicas_in_sync == 1:
            kwargs.setdefault("steps_per_execution", STEPS_PER_EXECUTION)
        super().compile(
            optimizer=self.default_optimizer()
            if optimizer == "auto"
            else optimizer,
            loss=self.default_loss() if loss == "auto" else loss,
            metrics=self.default_metrics() if metrics == "auto" else metrics,
            **kwargs,
        )

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        *,
        batch_tokens=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        sample_weight=None,
        **kwargs,
    ):
        """Trains on raw examples.

        They are encoded once, then every epoch draws batches of similar
        length in a new order.

        Args:
            x, y, sample_weight: Raw examples; see the class. A tuple of the
                two or three is taken as well.
            batch_size: Defaults to the recipe's.
            batch_tokens: Tokens in a batch, instead; see
                `rnnzoo.pipeline.examples.Examples.batches`.
            epochs: Passes over the data.
            validation_split: Share of the examples, the last ones, to validate
                on.
            validation_data: Raw examples to validate on: a dataset, or a tuple
                `(x, y)` or `(x, y, sample_weight)`.
            shuffle: Whether each epoch has a new order.
            **kwargs: As in Keras.

        Returns:
            `keras.callbacks.History`.
        """
        self._require_adapted("fit")
        check_positive("batch_size", batch_size, optional=True)
        if kwargs.get("class_weight") and not self.takes_class_weight:
            raise ValueError(
                "Invalid value for argument `class_weight`. Expected None: an "
                f"example of `{type(self).__name__}` has no single class. "
                "`sample_weight` weighs examples. Received: "
                f"class_weight={kwargs['class_weight']!r}"
            )
        examples = self._labelled(x, y, sample_weight)
        validation = None
        if validation_data is not None:
            validation = self._labelled(*as_columns(validation_data))
        elif validation_split:
            examples, validation = examples.split(validation_split)
        if batch_size is None and batch_tokens is None:
            batch_tokens = self.recipe.batch_tokens
        batch_size = batch_size or self.recipe.batch_size
        if validation is not None:
            self._validation = validation
            self._validation_batches = validation.batches(batch_size)
        try:
            return super().fit(
                examples.batches(batch_size, shuffle, batch_tokens),
                epochs=epochs,
                validation_data=self._validation_batches,
                shuffle=False,  # the batches are
                **kwargs,
            )
        finally:
            self._validation = self._validation_batches = None

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        *,
        sample_weight=None,
        return_dict=False,
        **kwargs,
    ):
        """Loss and metrics on raw examples; see `fit` for the arguments.

        Returns:
            As Keras: a dictionary if `return_dict`, and then with what `score`
            adds; else the loss and the metrics, a list.
        """
        if x is not None and x is self._validation_batches:  # within `fit`
            with moving_averages(self):
                logs = super().evaluate(x, return_dict=return_dict, **kwargs)
                return logs | self.score(self._validation, quick=True)
        self._require_adapted("evaluate")
        check_positive("batch_size", batch_size, optional=True)
        examples = self._labelled(x, y, sample_weight)
        batches = examples.batches(batch_size or self.recipe.batch_size)
        logs = super().evaluate(batches, return_dict=return_dict, **kwargs)
        return logs | self.score(examples) if return_dict else logs

    def save(self, filepath, overwrite=True, **kwargs):
        """Saves the task with its vocabularies as one `.keras` file.

        The file appears under its name only when it is whole.
        """
        self._require_adapted("save")
        if not os.fspath(filepath).endswith(".keras"):
            raise ValueError(
                "Invalid value for argument `filepath`. Expected a name that "
                f"ends in '.keras'. Received: filepath={os.fspath(filepath)!r}"
            )
        with atomic_path(filepath, overwrite=overwrite) as path:
            super().save(path, **kwargs)

    def restore(self, weights):
        """Takes what a saved task learned: its vocabularies and its weights.

        Args:
            weights: Path, as `load` takes it, of a task of the same class and
                shape. If this one is adapted, it must have learned the same.

        Raises:
            ValueError: If it is another kind of task, or learned something
                else.
        """
        saved = load(weights)
        if type(saved) is not type(self):
            raise ValueError(
                "Invalid value for argument `weights`. Expected a saved "
                f"`{type(self).__name__}`. Received: "
                f"weights={os.fspath(weights)!r}, a `{type(saved).__name__}`"
            )
        if not self.adapted:
            self._adopt(saved)
        elif self.learned != saved.learned:
            raise ValueError(
                "Invalid value for argument `weights`. Expected a task that "
                "learned the same as this one, or this one to be new. Received "
                f"other vocabularies or labels: weights={os.fspath(weights)!r}"
            )
        try:
            self.set_weights(saved.get_weights())
        except ValueError as error:
            raise ValueError(
                "Invalid value for argument `weights`. Expected a task of the "
                f"same shape. Received: weights={os.fspath(weights)!r}; {error}"
            ) from error

    # Details.

    def _adopt(self, saved):
        """Becomes adapted as a saved task is, without its weights."""
        raise NotImplementedError

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            "recipe": dataclasses.asdict(self.recipe),
            **{key: serialize(getattr(self, key)) for key in self.parts},
            **self.learned,
        }

    @classmethod
    def from_config(cls, config):
        deserialize = keras.saving.deserialize_keras_object
        parts = {key: deserialize(config[key]) for key in cls.parts}
        return cls(**{**config, **parts})

    def get_build_config(self):
        return {"adapted": self.adapted}

    def build_from_config(self, config):
        if config["adapted"]:
            self.build()

    def _labelled(self, x, y, sample_weight):
        if y is None and sample_weight is None:
            x, y, sample_weight = as_columns(x)
        examples = x
        if not isinstance(x, Examples):
            examples = self.encode(x, y, sample_weight)
        elif y is not None or sample_weight is not None:
            raise ValueError(
                "Invalid value for argument `y`. Expected None, and no "
                "`sample_weight`, beside encoded examples, which hold them."
            )
        if examples.labels is None:
            raise ValueError(
                "Invalid value for argument `y`. Expected labels: `y`, or a "
                "dataset of pairs `(x, y)` or dictionaries. Received none."
            )
        return examples

    def _require_adapted(self, method):
        if not self.adapted:
            raise ValueError(
                f"`{type(self).__name__}.{method}()` needs a vocabulary. "
                "Expected `adapt(data)` to be called first, on the raw "
                "training examples."
            )

    def _require_new(self):
        if self.adapted:
            raise ValueError(
                f"`{type(self).__name__}` has a vocabulary, and weights that "
                "belong to it. Expected a new model for another vocabulary."
            )


def load(path):
    """A task that was saved to a `.keras` file, or to the directory it is in.

    Nothing but registered classes is loaded: Keras's `safe_mode` stays on.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "model.keras"
    if not path.exists():
        raise FileNotFoundError(
            f"No saved model at {path}. Expected a `.keras` file, or a "
            "directory that `rnnzoo train` made."
        )
    if not zipfile.is_zipfile(path):  # which Keras calls not found
        raise ValueError(
            f"Cannot load {path}. Expected a whole `.keras` file. Received "
            "another kind of file, or a part of one."
        )
    try:
        task = keras.saving.load_model(path)
    except (TypeError, KeyError, zipfile.BadZipFile) as error:
        # Keras repeats the whole configuration before and behind the cause.
        cause = str(error).rpartition("Exception encountered: ")[2]
        raise ValueError(
            f"Cannot load {path}. Expected a saved task, and the modules that "
            f"register its classes to be imported. Received: {cause:.200}"
        ) from error
    if not isinstance(task, Task):
        raise ValueError(
            f"{path} holds no rnnzoo task. Received: {type(task).__name__}"
        )
    return task
