"""Arguments and data that tests of every model take, by the kind of task."""

import base64

import numpy as np
import tensorflow as tf

import rnnzoo

TEXTS = [
    "A quiet, lovely film. I'd see it again!",
    "Bad.",
    "",
    "?!... ---",
    "Dull<br /><br />and long \U0001f634 http://a.b/c. " + "never again " * 60,
    "Ann of Bonn saw it\u2028in Rome. She liked it, mostly.",
]


def _images():
    """Files of noise of several sizes, formats and numbers of channels."""
    rng = np.random.default_rng(0)
    shapes = [(16, 16, 3), (40, 25, 3), (1, 1, 3), (90, 70, 1), (8, 9, 4)]
    images = [rng.integers(256, size=each, dtype="uint8") for each in shapes]
    files = [tf.io.encode_png(image).numpy() for image in images]
    return [*files, tf.io.encode_jpeg(images[1]).numpy()]


def _b64(data):
    return {"b64": base64.b64encode(data).decode()}


class Case:
    """Arguments and data that a task is tested with.

    Attributes:
        sent: Dict of the name of a served input to a column of it, in JSON,
            with items that cannot be read.
    """

    inputs = TEXTS
    sent = {"text": [*TEXTS, _b64(b"not \xff\xfe UTF-8"), "Fine."]}

    def build(self, name, **options):
        """The model of a name, with those of the overrides that it has."""
        known = rnnzoo.describe(name).defaults
        overrides = {
            key: self.overrides[key] for key in self.overrides.keys() & known
        }
        return rnnzoo.build(name, **overrides, **options)

    def encode(self, model):
        return model.encode(self.inputs)


class TextClassification(Case):
    overrides = {"vocabulary_size": 200, "min_count": 1, "embedding_dim": 8}
    targets = [1, 0, 0, 0, 0, 1]


class EntityTagging(Case):
    overrides = {"vocabulary_size": 200, "embedding_dim": 8}
    targets = [[], [], [], [], [], [(0, 3, "PER"), (7, 11, "LOC")]]
    tokens = [["Ann", "saw", "it"], ["", "", ""], [_b64(b"\xff"), "saw", ""]]
    sent = {**Case.sent, "tokens": tokens}


class Translation(Case):
    overrides = {
        "vocabulary_size": 200,
        "min_count": 1,
        "embedding_dim": 8,
        "units": 16,
        "depth": 1,
    }
    targets = ["I liked it.", "No.", "", "Eh?", "It was too long.", "Ann did."]
    sent = {**Case.sent, "beam_width": [2] * 8, "n_best": [2] * 8}


class Summarization(Translation):
    overrides = {
        **Translation.overrides,
        "lowercase": True,  # as explanations of classifiers are compared
        "max_length": 20,
        "coverage_from": 0.0,  # another loss would begin later
    }
    targets = ["Lovely film.", "Bad!", "", "?", "Dull and long", "Ann in Rome"]


class LanguageModeling(Case):
    overrides = {"vocabulary_size": 200, "embedding_dim": 8, "units": 16}
    targets = None
    sent = {
        **Case.sent,
        "prompt": Case.sent["text"],
        "max_length": [12] * 8,
        "heads": Case.sent["text"],
        "line_length": [7, 5, 7, 5, 0, 9, 7, 5],
        "tones": [False, False, True, False, False, False, False, False],
        "rhymes": [False] * 7 + [True],
        "temperature": [1.0, 0.0, 2.0, 1.0, 1.0, 0.5, 1.0, 1.0],
        "top_k": [0, 3, 2, 0, 0, 0, 1, 2],
        "top_p": [1.0, 1.0, 0.5, 0.3, 1.0, 1.0, 1.0, 0.9],
        "seed": [1, 2, 3, 4, 5, 6, 7, 8],
    }


class PairClassification(Case):
    overrides = {"vocabulary_size": 200, "embedding_dim": 8, "units": 16}
    inputs = list(zip(TEXTS, [*TEXTS[1:], TEXTS[0]], strict=True))
    targets = [1, 0, 0, 0, 0, 1]
    sent = {
        **Case.sent,
        "first": Case.sent["text"],
        "second": [*Case.sent["text"][1:], "Fine, too."],
    }


class Captioning(Case):
    overrides = {
        "image_size": 16,
        "vocabulary_size": 200,
        "min_count": 1,
        "embedding_dim": 8,
        "units": 16,
        "max_length": 10,
    }
    inputs = _images()
    targets = [["Noise.", "Grey noise!"], *[["It is nothing."]] * 5]
    sent = {
        "image_bytes": [*map(_b64, inputs), "no image", ""],
        "images": np.zeros((2, 5, 9, 3), int).tolist(),
        "beam_width": [2] * 8,
        "n_best": [2] * 8,
    }

    def encode(self, model):
        return model.encode(self.inputs, self.targets).flat()


class StoryAnswering(Case):
    overrides = {
        "units": 8,
        "embedding_dim": 8,
        "max_sentences": 4,
        "linear_share": 0.0,  # another loss would begin later
        "noise": 0.0,
        "dropout": 0.0,
    }
    inputs = list(
        zip(
            [
                ["Ann went to Bonn.", "Tom sat down.", "Ann left."],
                "Ann went to Rome. She liked it! Tom went to Bonn.",
                [],
                ["", "Tom saw \U0001f634.", " ", "It rained " * 40, ""],
                [f"Tom sat on chair {i}." for i in range(7)],
                "?!... --- <br> So",
            ],
            ["Where is Ann?", "Where is she?", "", "Who?", "Where?", "Is it?"],
            strict=True,
        )
    )
    targets = ["Bonn", "Rome", "no", "Tom,Ann", "chair", "no"]
    sent = {
        "story": [
            *([f"{who} sat.", "", "He left.", ""] for who in "ABCDEFG"),
            [_b64(b"not \xff\xfe UTF-8"), "", "", ""],
        ],
        "question": [*TEXTS, _b64(b"\xff"), "Who?"],
    }


TASKS = {
    "captioning": Captioning(),
    "language_modeling": LanguageModeling(),
    "story_answering": StoryAnswering(),
    "summarization": Summarization(),
    "translation": Translation(),
    "pair_classification": PairClassification(),
    "text_classification": TextClassification(),
    "entity_tagging": EntityTagging(),
}
