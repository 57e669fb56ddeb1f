import types

import pytest
import tensorflow_datasets as tfds

from rnnzoo.pipeline import sentences


@pytest.mark.parametrize(
    ("tag", "names"),
    [
        (tfds.features.ClassLabel(names=["O", "B-PER"]), ("O", "B-PER")),
        (tfds.features.Text(), None),
    ],
)
def test_tags_of_a_dataset_have_names_or_are_texts(tag, names):
    features = {"ner": tfds.features.Sequence(tag)}
    info = types.SimpleNamespace(features=features)
    assert sentences.tag_names(info) == names
