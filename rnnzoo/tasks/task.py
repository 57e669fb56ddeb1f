"""The part of a task that does not depend on its kind."""

import dataclasses
import os
from typing import Any

import keras

from rnnzoo import export, lite, replicas
from rnnzoo.files import atomic_path
from rnnzoo.formats import LITE, SAVED_MODEL, check_options
from rnnzoo.tasks import archive
from rnnzoo.tasks.answers import as_line, as_record
from rnnzoo.tasks.reading import Reader

WRITERS = {SAVED_MODEL: export.export, LITE: lite.export}


class Task(Reader):
    """A Keras model that takes raw examples.

    A kind of task declares what it reads, `schema`, and defines

    - `count` and `learn`: what `adapt` learns from raw examples,
    - `take`: becoming ready with what was learned,
    - `encode_chunk`: raw examples as numbers,
    - `build`, `call`, `default_loss` and `default_metrics`: what is trained,
    - its verb (`classify`, `tag`, `translate`, `caption`) and `explain`,
    - `served`: the signatures of its export.

    All else is here. Wherever a method takes raw data `x, y, sample_weight`,
    it takes what `rnnzoo.pipeline.raw.read` takes, TFDS datasets, `tf.data`,
    tables, lists and arrays; or the result of `encode`, so that data used
    twice is encoded once.

    Attributes of the class:
        kind: Name of the kind of task, such as `"text_classification"`.
        verb: Name of the method that answers raw examples.
        schema: `rnnzoo.pipeline.schema.Schema`, its inputs and targets.
        unit_name: Name of an example, in progress bars.
        input_name: Name of what is answered, beside the answer as data.
        monitor: Metric that says how good a model is; `rnnzoo.finetune`
            chooses the best epoch by it, unless `monitor_for` knows better.
        falls: Names of the metrics that are better the lower they are; all
            others, the higher.
        parts: Names of the arguments that are layers or tokenizers.
        keeps: Names of the features whose raw values `score` needs.
        counts_by: Names of the settings, beside tokenizers, that say what
            `count` counts.
        reads_by: Names of the other settings that say what ids mean, such as
            `"max_words"` or `"decoder.copy"`.

    Attributes:
        signatures: Dict of a score to how it was counted.
    """

    kind = None
    verb = None
    schema = None
    unit_name = "example"
    input_name = "text"
    monitor = "accuracy"
    falls = ("loss",)
    parts = ()

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.signatures = {}

    # What a kind of task defines.

    @property
    def adapted(self):
        """Whether the vocabularies are known, and so the weights' shapes."""
        raise NotImplementedError

    @property
    def learned(self):
        """Dict of what `adapt` learns: arguments of the class."""
        raise NotImplementedError

    def take(self, **learned):
        """Becomes ready to be trained: takes what was learned, and builds."""
        raise NotImplementedError

    def count(self, chunk, counts, labels):
        """Counts what `learn` needs to know of raw examples.

        Args:
            chunk: `rnnzoo.pipeline.raw.Chunk`.
            counts: `rnnzoo.text.Counts`, where any name has its
                `rnnzoo.text.TokenCounter`.
            labels: Names of the classes, or `None`; see `labels_of`.
        """
        raise NotImplementedError

    def learn(self, counts, labels):
        """Dict of the arguments of `take`, from the counts of all examples."""
        raise NotImplementedError

    def encode_chunk(self, chunk):
        """The `Columns` of a `rnnzoo.pipeline.raw.Chunk`."""
        raise NotImplementedError

    def see(self, examples):
        """Learns what answers need to know of the encoded training examples.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples`.
        """

    def default_loss(self):
        """The loss of the recipe; `None` if `compute_loss` is the task's."""
        raise NotImplementedError

    def default_metrics(self):
        """The metrics of the recipe."""
        return []

    def served(self):
        """The signatures of the export: dict of a name to a `tf.function`.

        One is named `"serving_default"`. Options of `export` are arguments.
        """
        raise NotImplementedError

    @property
    def exports(self):
        """Dict of the name of a format to the method that makes the export."""
        return {SAVED_MODEL: self.served}

    def explain(self, x: Any) -> Any:
        """Explains answers: something of `rnnzoo.explain`.

        Args:
            x: Raw examples.

        Raises:
            ValueError: If there is nothing to explain.
        """
        raise ValueError(
            f"There is nothing to explain in a `{type(self).__name__}`."
        )

    def score(self, examples, quick=False):
        """Scores beside the metrics, such as BLEU of whole answers.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples`.
            quick: Whether answers may be worse, for speed: after each epoch.

        Returns:
            Dict of name to number.
        """
        return {}

    @property
    def class_names(self):
        """Names of the classes that it tells apart; `None` without any."""
        return None

    @classmethod
    def labels_of(cls, labels):
        """Names of the classes of a dataset.

        Args:
            labels: TFDS's `DatasetInfo`, or what a user gives as labels.

        Returns:
            Tuple of strings, or `None` if examples have no classes.
        """
        return None

    def schema_of(self, info):
        """The schema of a dataset, by TFDS's `DatasetInfo`."""
        return self.schema

    def require_labels_of(self, info):
        """Raises `ValueError` if a dataset numbers its classes differently.

        Args:
            info: TFDS's `DatasetInfo`.
        """

    def monitor_for(self, examples):
        """The metric to choose the best epoch by, on these examples.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples` to validate on.
        """
        return self.monitor

    def prepare(self, inputs):
        """The inputs of all examples as batches take them."""
        return inputs

    # How one answer is shown, written as data, and compared with a served one.

    format_answer = staticmethod(as_line)
    as_record = staticmethod(as_record)

    def to_serve(self, x):
        """Inputs as `"serving_default"` takes them: dict of lists of bytes."""
        raise NotImplementedError

    def comparable(self, x):
        """For each example the strings and the numbers of its answer."""
        raise NotImplementedError

    def comparable_served(self, outputs):
        """The same, from what `"serving_default"` answers.

        Args:
            outputs: Dict of nested lists, whose strings are `str`.
        """
        raise NotImplementedError

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: int = 0
    ) -> Any:
        """The answers of the verb; see there.

        Args:
            x: Raw examples; targets, if there are any, are ignored.
            batch_size: Examples in a batch.
            verbose: As in Keras.
        """
        answer = getattr(self, self.verb)
        return answer(x, batch_size=batch_size, verbose=verbose)

    # Saving.

    def save(
        self,
        filepath: str | os.PathLike,
        overwrite: bool = True,
        **kwargs: Any,
    ) -> None:
        """Saves the task with its vocabularies as one `.keras` file.

        The file appears under its name only when it is whole.
        """
        self._require_adapted("save")
        if not os.fspath(filepath).endswith(".keras"):
            raise ValueError(
                "Invalid value for argument `filepath`. Expected a name that "
                f"ends in '.keras'. Received: filepath={os.fspath(filepath)!r}"
            )
        optimizer = self.optimizer if self.compiled else None
        if optimizer is not None and not optimizer.built:
            # A loaded task has all variables of its optimizer.
            optimizer.build(self.trainable_variables)
        with atomic_path(filepath, overwrite=overwrite) as path:
            replicas.outside(super().save, path, **kwargs)

    def export(
        self,
        directory: str | os.PathLike,
        overwrite: bool = True,
        *,
        format: str = SAVED_MODEL,
        **options: Any,
    ) -> None:
        """Writes a SavedModel that takes raw examples and runs without rnnzoo.

        Args:
            directory: Where to write.
            overwrite: Whether an existing directory is replaced.
            format: `"tf_saved_model"`; or `"tflite"`, of a text classifier:
                instead, a model for devices that takes ids, and the vocabulary
                beside it.
            **options: Of the kind of task; see `served` and, for devices,
                `converted`.

        Raises:
            ValueError: If the task has no such format or option.
        """
        check_options(self, format, options)
        self._require_adapted("export")
        made = self.exports[format](**options)
        WRITERS[format](directory, made, self, overwrite=overwrite)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            "recipe": dataclasses.asdict(self.recipe),
            **{key: serialize(getattr(self, key)) for key in self.parts},
            **self.learned,
            "sizes": archive.sizes_of(self.learned),
        }

    @classmethod
    def from_config(cls, config):
        deserialize = keras.saving.deserialize_keras_object
        config = dict(config)
        archive.check_sizes(config, config.pop("sizes", None))
        for key in cls.parts:
            config[key] = deserialize(config[key])
            archive.check_part(key, config[key])
        task = cls(**config)
        # Such as the path of a file to read.
        if unsaved := sorted(config.keys() - task.get_config().keys()):
            raise ValueError(
                "Expected the arguments that `get_config` returns. Received "
                f"also: {', '.join(unsaved)}"
            )
        return task

    def get_build_config(self):
        return {"adapted": self.adapted}

    def build_from_config(self, config):
        if config["adapted"]:
            self.build()


def load(path: str | os.PathLike) -> Task:
    """Loads a task.

    A file may come from anyone. Only registered classes are loaded, Keras's
    `safe_mode` stays on, and nothing is unpacked that no task saves.

    Args:
        path: A `.keras` file; the directory that `rnnzoo train` made; or
            `hf://user/repository`, with `@revision` if not the newest, whose
            file `model.keras` is downloaded once.

    Raises:
        FileNotFoundError: If there is no such file.
        ConnectionError: If the hub cannot be reached.
        ValueError: If it is not a saved task, of this project or of modules
            that are imported; if it holds anything else; or if its weights
            are not finite. The error names the file.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build("bilstm_classifier", units=4, min_count=1)
    >>> model.adapt(["good", "bad"], ["pos", "neg"], verbose=0)
    >>> model.save("model.keras")
    >>> rnnzoo.load("model.keras").vocabulary.tokens
    ('bad', 'good')
    """
    return archive.load(path, Task)
