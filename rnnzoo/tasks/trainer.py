"""Keras's training and evaluation, from raw examples."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.graphs import without_tracing_warnings
from rnnzoo.optimizers import LazyAdam
from rnnzoo.pipeline import raw
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.passes import Passes
from rnnzoo.recipe import Recipe
from rnnzoo.schedules import schedule
from rnnzoo.tasks.archive import check_weights
from rnnzoo.tasks.encoding import Folder
from rnnzoo.tasks.groups import by_group
from rnnzoo.tasks.validation import Validation

AVERAGED_SHARE = 0.1  # of all steps, at most, for moving averages
STEPS_PER_EXECUTION = 10  # small models would wait for Python after each


class Trainer(keras.Model):
    """A Keras model that is trained by a recipe, on raw examples.

    `rnnzoo.tasks.Task` has the other half: what the examples are.

    Args:
        recipe: `rnnzoo.Recipe`, the training defaults.
        **kwargs: As of `keras.Model`.

    Attributes of the class:
        path: Names of layers in the order in which data passes them, if they
            are not made in that order.
        takes: Class of the first argument of `call`.
    """

    path = ()
    takes = object

    def __init__(self, recipe=None, **kwargs):
        super().__init__(**kwargs)
        if isinstance(recipe, dict):
            recipe = Recipe(**recipe)
        self.recipe = Recipe() if recipe is None else recipe
        if not isinstance(self.recipe, Recipe):
            raise ValueError(
                "Invalid value for argument `recipe`. Expected an "
                f"`rnnzoo.Recipe` or None. Received: recipe={recipe!r:.60}"
            )

    @property
    def layers(self):
        """The layers, in the order in which data passes them."""
        first = [getattr(self, name) for name in self.path]
        others = [each for each in super().layers if each not in first]
        return first + others

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable | None = None,
        **kwargs: Any,
    ) -> None:
        """Prints the layers with their shapes and parameters, as in Keras.

        What depends on the vocabulary is known after `adapt`.
        """
        super().summary(line_length, positions, print_fn, **kwargs)
        if not self.adapted:
            (print_fn or print)(
                " Shapes and parameters depend on the vocabulary: `adapt(data)`"
                " learns it."
            )

    def groups(self):
        """The layers in groups, from the input to the output.

        Returns:
            Dict of the name of a group to a list of layers. A weight belongs
            to the first group that has it.
        """
        return {each.name: [each] for each in self.layers if each.weights}

    def default_optimizer(self, steps=None, recipe=None):
        """The optimizer of a recipe.

        Args:
            steps: Number of training steps, over which the learning rate
                follows the recipe's schedule; if `None`, it is constant, all
                layers are trained alike, and there are no moving averages.
            recipe: `rnnzoo.Recipe`; defaults to the task's.
        """
        recipe = self.recipe if recipe is None else recipe
        rate, options = recipe.learning_rate, {}
        if steps is not None:
            rate = schedule(recipe, steps)
            options = by_group(self, recipe, steps)
            if momentum := recipe.ema_momentum:
                # A short run's average would still remember the first
                # weights.
                longest = 1 - 1 / max(steps * AVERAGED_SHARE, 1)
                momentum = min(momentum, longest)
                options |= {"use_ema": True, "ema_momentum": momentum}
        return LazyAdam(
            rate,
            rates=self.learning_rates(),
            global_clipnorm=recipe.clipnorm,
            **options,
        )

    def learning_rates(self):
        """Factors of the learning rate, by the name of a layer."""
        return {}

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """Configures training; without arguments, by the recipe.

        Args:
            optimizer: As in Keras; `"auto"` is the recipe's, at a constant
                rate and without averages, which need to know the number of
                steps, as `rnnzoo.finetune` does.
            loss: As in Keras; `"auto"` is the task's.
            metrics: As in Keras; `"auto"` is the task's.
            **kwargs: As in Keras, with two other defaults. `jit_compile` is
                off: batches differ in shape, and XLA would compile each.
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
            self._build_optimizer()

    def make_train_function(self, force=False):
        # Keras traces a step that makes variables a second time.
        self._build_optimizer()
        return super().make_train_function(force)

    def _build_optimizer(self):
        with self.distribute_strategy.scope():
            if self.optimizer is not None and not self.optimizer.built:
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
        validation_batch_size=None,
        validation_steps=None,
        validation_freq=1,
        shuffle=True,
        seed=None,
        sample_weight=None,
        class_weight=None,
        callbacks=None,
        in_memory=None,
        **kwargs,
    ):
        """Trains on raw examples.

        They are encoded once; then each epoch draws batches of similar length
        in a new order.

        Args:
            x, y, sample_weight: Raw examples; see the class. A tuple of two
                or three of them may also be the first argument.
            batch_size: Defaults to the recipe's.
            batch_tokens: Tokens in a batch, instead; see
                `rnnzoo.pipeline.examples.Examples.batches`.
            epochs: Passes over the data.
            validation_split: Share of the examples, the last ones, to validate
                on.
            validation_data: Raw examples to validate on: a dataset, or a tuple
                `(x, y)` or `(x, y, sample_weight)`.
            validation_batch_size, validation_steps, validation_freq: As in
                Keras.
            shuffle: Whether each epoch has a new order.
            seed: Integer that the order depends on, together with the number
                of the epoch; by default a random one.
            class_weight: Weights of classes, not used in validation: a
                dictionary of their names to numbers, 1 for the others; numbers
                in the order of the classes; or `"balanced"`, which gives the
                same weight in sum to all classes that occur.
            callbacks: As in Keras; they find the scores in the logs, too.
            in_memory: Whether encoded examples are kept in memory, or on disk,
                in a temporary folder. By default in memory, as long as they
                take less than a quarter of what is free. What `encode` made
                stays where it is.
            **kwargs: As in Keras.

        Returns:
            `keras.callbacks.History`.
        """
        self._require_adapted("fit")
        check_positive("batch_size", batch_size, optional=True)
        splits = validation_data is None and validation_split
        folder = Folder(None, in_memory, kwargs.get("verbose", "auto"))
        examples = self._labelled(
            x, y, sample_weight, bool(splits), folder, "train"
        )
        validation = None
        if validation_data is not None:
            held_out = raw.as_columns(validation_data)
            validation = self._labelled(
                *held_out, folder=folder, name="validation_data"
            )
        elif splits:
            examples, validation = examples.split(validation_split)
            examples = dataclasses.replace(examples, raw={})
        self.see(examples)
        examples = self._weighed(examples, class_weight)
        if batch_size is None and batch_tokens is None:
            batch_tokens = self.recipe.batch_tokens
        batch_size = batch_size or self.recipe.batch_size
        callbacks = keras.tree.flatten(callbacks or [])
        if validation is not None:
            validate = Validation(
                validation,
                validation_batch_size or batch_size,
                validation_freq,
                validation_steps,
                callbacks,
            )
            callbacks = [validate, *callbacks]
        passes = None
        if shuffle:
            passes = Passes(seed)
            callbacks = [passes, *callbacks]
        with without_tracing_warnings():
            return super().fit(
                examples.batches(batch_size, passes, batch_tokens),
                epochs=epochs,
                shuffle=False,  # the batches are
                callbacks=callbacks,
                **kwargs,
            )

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        *,
        sample_weight=None,
        return_dict=False,
        in_memory=None,
        **kwargs,
    ):
        """Loss and metrics on raw examples; see `fit` for the arguments.

        Returns:
            As Keras: a dictionary if `return_dict`, which also has the results
            of `score`; else a list of the loss and the metrics.
        """
        self._require_adapted("evaluate")
        check_positive("batch_size", batch_size, optional=True)
        folder = Folder(None, in_memory, kwargs.get("verbose", "auto"))
        examples = self._labelled(x, y, sample_weight, folder=folder)
        batches = examples.batches(batch_size or self.recipe.batch_size)
        if return_dict:
            return self.evaluate_examples(examples, batches, **kwargs)
        with without_tracing_warnings():
            return super().evaluate(batches, **kwargs)

    def evaluate_examples(self, examples, batches, quick=False, **kwargs):
        """Metrics of batches, and scores of the examples they are made of.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples`.
            batches: What its `batches` made.
            quick: See `score`.
            **kwargs: As of Keras's `evaluate`.

        Returns:
            Dict of name to number.
        """
        with without_tracing_warnings():
            logs = super().evaluate(batches, return_dict=True, **kwargs)
        scores = self.score(examples, quick)
        return logs | {name: float(each) for name, each in scores.items()}

    # What Keras does with tensors, on raw examples.

    def train_on_batch(
        self,
        x,
        y=None,
        sample_weight=None,
        class_weight=None,
        return_dict=False,
    ):
        """One step of training, on all examples at once; see `fit`.

        Returns:
            As Keras.
        """
        self._require_adapted("train_on_batch")
        examples = self._labelled(x, y, sample_weight, keep_raw=False)
        self.see(examples)
        batch = self._weighed(examples, class_weight).at_once()
        return super().train_on_batch(*batch, return_dict=return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Loss and metrics of all examples at once; see `evaluate`.

        Returns:
            As Keras.
        """
        self._require_adapted("test_on_batch")
        examples = self._labelled(x, y, sample_weight, keep_raw=False)
        return super().test_on_batch(
            *examples.at_once(), return_dict=return_dict
        )

    def predict_on_batch(self, x):
        """Answers all examples; see `predict`."""
        return self.predict(x)

    def __call__(self, *args, **kwargs):
        """Calls the model as Keras does, on the numbers that `call` takes.

        Raises:
            ValueError: If there are raw examples, or no vocabulary.
        """
        self._require_adapted("__call__")
        is_raw = any(map(_is_raw, keras.tree.flatten((args, kwargs))))
        if is_raw or (args and not isinstance(args[0], self.takes)):
            raise ValueError(
                f"A call of `{type(self).__name__}` takes numbers, as `encode` "
                f"makes them. Expected `{self.verb}(x)` or `predict(x)` for "
                "raw examples."
            )
        return super().__call__(*args, **kwargs)

    def save_weights(self, *args, **kwargs):
        """Saves weights as Keras does; `save` keeps the vocabularies too."""
        self._require_adapted("save_weights")
        super().save_weights(*args, **kwargs)

    def load_weights(self, filepath, **kwargs):
        """Loads weights as Keras does, where their vocabularies are known.

        `rnnzoo.load` and `rnnzoo.build(name, weights=...)` need none: they read
        what `save` wrote.

        Raises:
            ValueError: If there is no vocabulary, or if weights are not finite;
                the task then keeps those that it has.
        """
        if not self.adapted:
            raise ValueError(
                "Weights belong to a vocabulary, which they do not have with "
                f"them, and `{type(self).__name__}` has none. Expected "
                "`rnnzoo.load(path)` of what `save` wrote, or `adapt(data)` "
                "first, on the same data as then."
            )
        before = self.get_weights()
        super().load_weights(filepath, **kwargs)
        try:
            check_weights(filepath, self)
        except ValueError:
            self.set_weights(before)
            raise

    # Details.

    def class_weights(self, examples, class_weight):
        """Weights of examples by their classes.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples`.
            class_weight: See `fit`.

        Returns:
            As `weights` of `Examples`.
        """
        raise ValueError(
            "Invalid value for argument `class_weight`. Expected None: an "
            f"example of `{type(self).__name__}` has no single class. "
            "`sample_weight` weighs examples. Received: "
            f"class_weight={class_weight!r:.80}"
        )

    def _weighed(self, examples, class_weight):
        if class_weight is None:
            return examples
        return examples.weigh(self.class_weights(examples, class_weight))

    def _labelled(
        self,
        x,
        y=None,
        sample_weight=None,
        keep_raw=True,
        folder=None,
        name="examples",
    ):
        if y is None and sample_weight is None:
            x, y, sample_weight = raw.as_columns(x)
        if not isinstance(x, Examples):
            examples = self.encode_in(
                folder or Folder(in_memory=True),
                name,
                (x, y, sample_weight),
                keep_raw,
            )
        elif y is not None or sample_weight is not None:
            raise ValueError(
                "Invalid value for argument `y`. Expected None, and no "
                "`sample_weight`, beside encoded examples, which hold them."
            )
        else:
            examples = self.attach(x)
        if examples.labels is None:
            raise missing_targets(self.schema)
        return examples


def _is_raw(value):
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, np.dtype):
        return dtype.kind in "USO"
    return isinstance(value, (str, bytes)) or dtype == tf.string


def missing_targets(schema):
    """The error where examples have no targets and need them."""
    names = " and ".join(each.name for each in schema.targets)
    return ValueError(
        f"The examples have no {names}. Expected argument `y`, or data that "
        "has targets: pairs `(x, y)`, or features with names."
    )
