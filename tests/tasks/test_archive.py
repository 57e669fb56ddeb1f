"""The file of a saved task: what is not a task's own is refused."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

import rnnzoo

TEXTS = ["Ann saw Bonn.", "Bad rain!"]
IMAGES = np.zeros((2, 16, 16, 3), "uint8")
SMALL = {"units": 4, "embedding_dim": 4, "min_count": 1}
MIB = 2**20
DENSE = {
    "module": "keras.layers",
    "class_name": "Dense",
    "config": {"units": 3},
    "registered_name": None,
}


def classifier():
    model = rnnzoo.build("bilstm_classifier", **SMALL)
    model.adapt(TEXTS, ["pos", "neg"], verbose=0)
    return model


def tagger():
    model = rnnzoo.build("bilstm_cnn_crf_tagger", embedding_dim=4, min_count=1)
    model.adapt(TEXTS, [[(0, 3, "PER")], []], verbose=0)
    return model


def translator():
    model = rnnzoo.build("luong_translator", unit="word", **SMALL)
    model.adapt(TEXTS, TEXTS, verbose=0)
    return model


def captioner():
    model = rnnzoo.build("show_tell_captioner", image_size=16, **SMALL)
    model.adapt(IMAGES, [["all black"], ["a night"]], verbose=0)
    return model


KINDS = (classifier, tagger, translator, captioner)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Members of a saved task of each kind."""
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    found = {}
    for make in KINDS:
        make().save(path)
        with zipfile.ZipFile(path) as archive:
            found[make] = {n: archive.read(n) for n in archive.namelist()}
    return found


@pytest.fixture
def load(tmp_path):
    """Loads a task of changed members."""

    def write_and_load(members, compression=zipfile.ZIP_STORED):
        path = tmp_path / "mine.keras"
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return rnnzoo.load(path)

    return write_and_load


def with_config(members, **changes):
    """The same members, with other arguments of the task."""
    config = json.loads(members["config.json"])
    config["config"] |= changes
    return members | {"config.json": json.dumps(config).encode()}


def refused(expected):
    return pytest.raises(
        ValueError, match=rf"^Cannot load .*mine\.keras\. (?s:.*){expected}"
    )


def test_what_is_packed_again_is_loaded(saved, load):
    task = load(saved[classifier], zipfile.ZIP_DEFLATED)
    assert task.vocabulary.tokens == classifier().vocabulary.tokens


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"assets/x": bytes(64 * MIB)}, "nothing else.*assets/x"),
        ({"model.weights.npz": b""}, "nothing else.*model.weights.npz"),
        (
            {"config.json": bytes(64 * MIB)},
            "config.json of at most.*67,108,864",
        ),
        ({"metadata.json": bytes(MIB)}, "metadata.json of at most 65,536"),
        ({"model.weights.h5": bytes(64 * MIB)}, "weights.h5 of at most"),
        ({"model.weights.h5": b"junk"}, "Received: .*signature"),
        ({"config.json": b"[" * MIB}, "recursion"),
        ({"config.json": b"[]"}, "Received"),
        ({"config.json": b"\xff\xfe{"}, "decode"),
    ],
)
def test_three_members_of_bounded_size_are_a_task(
    saved, load, changes, message
):
    with refused(message):
        load(saved[classifier] | changes, zipfile.ZIP_DEFLATED)


def test_each_member_is_there_once(saved, load, tmp_path):
    for name in saved[classifier]:
        members = {k: v for k, v in saved[classifier].items() if k != name}
        with refused("nothing else"):
            load(members)
    load(saved[classifier])
    with (
        zipfile.ZipFile(tmp_path / "mine.keras", "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("config.json", "{}")
    with refused("nothing else.*config.json, config.json"):
        rnnzoo.load(tmp_path / "mine.keras")


@pytest.mark.parametrize("make", KINDS)
def test_what_is_never_saved_is_never_taken(saved, load, make):
    for name in ("cache_dir", "embeddings"):
        with refused(name):
            load(with_config(saved[make], **{name: "/somewhere"}))


@pytest.mark.parametrize("make", KINDS)
def test_parts_of_another_kind_are_refused(saved, load, make):
    for name in make().parts:
        for part in (None, "word", DENSE):
            with refused(""):
                load(with_config(saved[make], **{name: part}))


@pytest.mark.parametrize(
    "recipe",
    [
        "fast",
        {"speed": 1},
        {"batch_size": 0},
        {"learning_rate": float("inf")},
    ],
)
def test_a_wild_recipe_is_refused(saved, load, recipe):
    with refused(""):
        load(with_config(saved[classifier], recipe=recipe))


def test_the_error_names_a_newer_keras(saved, load):
    members = dict(saved[classifier])
    config = json.loads(members["config.json"])
    config["config"]["head_size"] = 3  # an argument of a later version
    members["config.json"] = json.dumps(config)
    with pytest.raises(ValueError, match="head_size") as error:
        load(members)
    assert "saved by Keras" not in str(error.value)
    metadata = json.loads(members["metadata.json"]) | {"keras_version": "3.1.0"}
    members["metadata.json"] = json.dumps(metadata)
    with pytest.raises(ValueError, match="head_size") as error:
        load(members)
    assert "saved by Keras" not in str(error.value)  # by an older one
    metadata["keras_version"] = "99.1"
    members["metadata.json"] = json.dumps(metadata)
    with pytest.raises(ValueError, match=r"saved by Keras 99\.1, and this is"):
        load(members)


@pytest.mark.parametrize("make", KINDS)
def test_names_are_as_many_as_the_weights_know(saved, load, make):
    learned = make().learned
    for name, names in learned.items():
        if names is not None:
            for changed in (names[:-1], [*names, "new"]):
                with refused("weights belong to"):
                    load(with_config(saved[make], **{name: changed}))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_are_finite(saved, load, value):
    weights = io.BytesIO(saved[classifier]["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        file["encoder/embedding/vars/0"][1, 2] = value
    members = {"model.weights.h5": weights.getvalue()}
    with refused("finite weights.*embedding.*diverged"):
        load(saved[classifier] | members)
