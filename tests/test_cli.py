"""The command: what it prints, what it writes, and one line for errors."""

import hashlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path

import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo.cli import main
from rnnzoo.cli.arguments import parse
from rnnzoo.cli.settings import read_settings
from rnnzoo.cli.wording import in_options
from rnnzoo.datasets import fitting, reviews, sources
from rnnzoo.demo import GRADIENTS, serve_and_compare

TINY = [
    *("--set", "units=4", "embedding_dim=4", "rnn=gru", "dropout=0"),
    *("recurrent_dropout=0", "--epochs", "1"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Arguments of a folder with a hundred of the embedded reviews."""
    with pytest.MonkeyPatch.context() as patch:
        sizes = {"train": 60, "validation": 20, "test": 20}
        patch.setattr(reviews, "SIZES", sizes)
        folder = str(tmp_path_factory.mktemp("data"))
        reviews.RnnzooReviews(data_dir=folder).download_and_prepare()
    return ["--dataset", "rnnzoo_reviews", "--data-dir", folder]


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    out = str(tmp_path_factory.mktemp("run") / "model")
    assert main(["train", "bilstm_classifier", *data, *TINY, "--out", out]) == 0
    return out


def fails(capsys, arguments):
    """The line that a command leaves on stderr."""
    assert main(arguments) == 2
    error = capsys.readouterr().err.splitlines()
    assert [line for line in error if line.startswith("rnnzoo: error: ")] == [
        error[-1]
    ]
    return error[-1]


def test_list_and_describe(capsys):
    main(["list", "*_classifier", "--task", "text_classification"])
    lines = capsys.readouterr().out.splitlines()
    names = rnnzoo.list_models("*_classifier", "text_classification")
    assert [line.split()[0] for line in lines] == names
    main(["describe", "han_classifier"])
    assert "Yang et al. 2016" in capsys.readouterr().out


def test_list_finds_parts_of_names_and_names_what_there_is(capsys):
    assert main(["list", "lstm"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [each.split()[0] for each in lines] == rnnzoo.list_models("*lstm*")
    assert "one of captioning, entity" in fails(capsys, ["list", "--task", "x"])
    assert "name has 'zzz'" in fails(capsys, ["list", "zzz"])


def test_errors_speak_of_options():
    options = {"epochs": "--epochs", "rnn": "--set rnn"}
    for message, expected in {
        "Invalid value for argument `epochs`. Received: epochs=0": (
            "Invalid value for --epochs. Received: --epochs 0"
        ),
        "Invalid value for argument `rnn`. Received: rnn='x'": (
            "Invalid value for --set rnn. Received: --set rnn='x'"
        ),
        "Name it (`data_dir`, --data-dir).": "Name it (--data-dir).",
        "`rnnzoo.list_models()` lists all.": "`rnnzoo list` lists all.",
        "argument `x`": "argument `x`",
    }.items():
        assert in_options(message, options) == expected


@pytest.mark.parametrize(
    ("name", "features", "other"),
    [
        ("han_classifier", {"tokens": ["a"], "ner": [0]}, "tagger"),
        ("luong_translator", {"text": "a", "label": 0}, "classifier"),
        ("bilstm_crf_tagger", {"text": "a", "label": 0}, "classifier"),
    ],
)
def test_a_dataset_of_another_task_is_answered_with_its_task(
    name, features, other
):
    data = tf.data.Dataset.from_tensors(features)
    info = types.SimpleNamespace(
        features=features, supervised_keys=tuple(features)
    )
    source = sources.Source("mine", info, {"train": data})
    with pytest.raises(ValueError, match=f"mine has .* fit no .*{other}"):
        fitting.require_fit(rnnzoo.build(name), source)


def test_train_saves_the_model_and_its_metrics(model):
    assert sorted(os.listdir(model)) == ["metrics.json", "model.keras"]
    metrics = json.loads(Path(model, "metrics.json").read_text())
    assert metrics.keys() == {"history", "validation", "test"}
    task = rnnzoo.load(model)
    assert task.label_names == ("neg", "pos")
    assert task.encoder.get_config()["rnn"] == "gru"


def test_the_number_of_labels_is_that_of_the_dataset(
    tmp_path, monkeypatch, eagerly
):
    names = types.SimpleNamespace(names=["sad", "loud", "new"])
    info = types.SimpleNamespace(
        features={"text": None, "labels": types.SimpleNamespace(feature=names)},
        supervised_keys=None,
    )
    data = tf.data.Dataset.from_generator(
        lambda: (
            {"text": "a b", "labels": [0, 2]},
            {"text": "c", "labels": []},
        ),
        output_signature={
            "text": tf.TensorSpec([], tf.string),
            "labels": tf.TensorSpec([None], tf.int64),
        },
    )
    source = sources.Source("mine", info, {"train": data, "validation": data})
    monkeypatch.setattr(sources, "load", lambda *args: source)
    run = ["train", "bilstm_classifier", *TINY, "--dataset", "mine"]
    run += ["--set", "multi_label=true", "--out", str(tmp_path)]
    assert main(run) == 0
    assert rnnzoo.load(tmp_path).labels == ("sad", "loud", "new")


def test_training_anew_takes_a_word(data, tmp_path, capsys, eagerly):
    train = ["train", "bilstm_classifier", *data, *TINY, "--out", str(tmp_path)]
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "adapted.keras").write_bytes(b"")
    state = {
        "settings": {"model": "another"},
        "monitor": "loss",
        "seed": 0,
        "states": [],
        "history": {},
        "files": {"adapted.keras": hashlib.sha256().hexdigest()},
    }
    (unfinished / "progress.json").write_text(json.dumps(state))
    assert "another training" in fails(capsys, train)
    assert main([*train, "--overwrite"]) == 0
    assert "--overwrite" in fails(capsys, train)


def test_a_reader_may_leave():
    command = [sys.executable, "-m", "rnnzoo", "list"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        error = process.stderr.read()
    assert process.returncode == 1
    assert "rnnzoo: error" not in error
    assert "Traceback" not in error


def test_evaluate(model, data, capsys, monkeypatch):
    with monkeypatch.context() as closed:
        closed.setattr(sys, "stdout", None)
        assert main(["evaluate", model, *data]) == 0
    assert main(["evaluate", model, *data]) == 0
    metrics = json.loads(Path(model, "metrics.json").read_text())["test"]
    assert f"accuracy {metrics['accuracy']:.4f}" in capsys.readouterr().out


def test_predict_arguments_and_lines(model, capsys, monkeypatch):
    main(["predict", model, "Not dull.", "Grüße\there"])
    given = capsys.readouterr().out
    stdin = io.TextIOWrapper(io.BytesIO("Not dull.\nGrüße\there\n".encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    main(["predict", model])
    assert capsys.readouterr().out == given
    label, score, *text = given.splitlines()[1].split("\t")
    assert label in ("neg", "pos")
    assert 0 <= float(score) <= 1
    assert text == ["Grüße", "here"]


def test_texts_have_the_length_that_is_asked_for(
    model, tmp_path, capsys, eagerly
):
    path = str(Path(__file__).parent / "saved" / "luong_translator.keras")
    text, served = "A quiet, lovely film.", str(tmp_path / "served")
    task = rnnzoo.load(path)
    expected = task.translate([text], max_length=3, min_length=3)
    assert expected != task.translate([text])
    limits = ["--max-length", "3", "--min-length", "3"]
    assert main(["predict", path, text, *limits]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{expected[0]}\t{text}"]
    assert main(["export", path, served, *limits]) == 0
    answer = tf.saved_model.load(served).signatures["serving_default"](
        text=tf.constant([text])
    )
    assert answer["translation"].numpy()[0].decode() == expected[0]
    for task, limit in ((path, "--max-length=0"), (model, "--min-length=3")):
        name = limit.partition("=")[0]
        assert name in fails(capsys, ["predict", task, text, limit])


def test_explain(model, tmp_path, capsys):
    page, picture = tmp_path / "x.html", tmp_path / "x.png"
    arguments = ["explain", model, "Not dull.", "Dull."]
    files = ["--html", str(page), "--png", str(picture)]
    assert main([*arguments, *files]) == 0
    assert "Dull" in page.read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()
    main(arguments)
    assert "dull" in capsys.readouterr().out


def test_export_is_served_by_another_process(model, tmp_path):
    assert main(["export", model, str(tmp_path / "served")]) == 0
    task = rnnzoo.load(model)
    texts = ["Not dull at all.", ""]
    inputs = task.to_serve(texts)
    assert serve_and_compare(task, inputs, tmp_path / "served") < 1e-5
    task.set_weights([weight + 1 for weight in task.get_weights()])
    with pytest.raises(RuntimeError, match="answers differently"):
        serve_and_compare(task, inputs, tmp_path / "served")


def test_exports_of_classifiers(model, tmp_path, capsys):
    served, device = str(tmp_path / "served"), str(tmp_path / "device")
    assert main(["export", model, served, "--samples", "3"]) == 0
    assert "sample" in tf.saved_model.load(served).signatures
    lite = ["export", model, device, "--format", "tflite"]
    assert main([*lite, "--quantize", "--max-words", "7"]) == 0
    assert capsys.readouterr().out.endswith(", and their vocabulary\n")
    facts = json.loads(Path(device, "vocabulary.json").read_text())
    assert facts["shape"][-1] == 7
    assert facts["tokens"] == list(rnnzoo.load(model).vocabulary.tokens)
    assert "for --max-words. " in fails(capsys, [*lite, "--max-words", "0"])
    unknown = fails(capsys, ["export", model, served, "--quantize"])
    assert "--quantize. Expected any of: --samples" in unknown


def test_settings_have_the_types_of_the_defaults():
    card = rnnzoo.describe("bilstm_classifier")
    settings = ["units=8", "dropout=0", "rnn=gru", "embeddings=a.txt"]
    overrides = read_settings(card, settings)
    assert overrides == {
        "units": 8,
        "dropout": 0.0,
        "rnn": "gru",
        "embeddings": "a.txt",
    }
    assert isinstance(overrides["dropout"], float)
    card = rnnzoo.describe("bilstm_crf_tagger")
    assert read_settings(card, ["characters=None"]) == {"characters": None}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("units=many", "--set units. Expected int, as its default 64"),
        ("units=8.5", "--set units. Expected int"),
        ("units=true", "--set units. Expected int"),
        ("dropout=", "--set dropout. Expected float"),
        ("unit_s=8", "Unknown override.*'unit_s'.*units"),
        ("units", "Expected key=value"),
        ("rnn=gruu", "gruu"),
        ("embeddings=/no/such/file.txt", "No such file"),
    ],
)
def test_settings_are_checked_before_work(tmp_path, capsys, setting, message):
    name, out = "bilstm_classifier", str(tmp_path / "run")
    data = ["--dataset", "unknown to all", "--out", out]
    error = fails(capsys, ["train", name, *data, "--set", setting])
    assert re.search(message, error)
    assert os.listdir(tmp_path) == []


def test_bad_arguments_are_one_line_and_leave_nothing(
    model, data, tmp_path, capsys
):
    (tmp_path / "note").write_text("mine")
    below, new = str(tmp_path / "note" / "run"), str(tmp_path / "new")
    unknown = ["--dataset", "rnnzoo_review", "--data-dir", str(tmp_path)]
    missing = ["--dataset", "imdb_reviews", "--data-dir", str(tmp_path)]
    train = ["train", "bilstm_classifier"]
    for arguments, message in [
        (["describe", "han_clasifier"], "one like han_classifier"),
        (["train", "han_clasifier", *data, "--out", new], "han_classifier"),
        ([*train, *data, "--out", below], "can be written"),
        ([*train, *data, "--out", model], "--overwrite"),
        ([*train, *unknown, "--out", new], "like rnnzoo_reviews"),
        ([*train, *missing, "--out", new], "--download"),
        (
            [*train, *data, "--out", new, "--epochs", "0"],
            "for --epochs. ",
        ),
        (["evaluate", new, *data], "No saved model at"),
        (["evaluate", str(tmp_path / "note"), *data], "note"),
        (["evaluate", model, *data, "--split", "dev"], "no split 'dev'"),
        (["export", model, below], "can be written"),
        (["explain", model, "x", "--html", "x.pdf"], "for --html. Expected"),
        (["demo", "--out", below], "can be written"),
        (["demo", "no_model"], "Unknown model: 'no_model'"),
    ]:
        assert message in fails(capsys, arguments), arguments
    assert os.listdir(tmp_path) == ["note"]
    assert (tmp_path / "note").read_text() == "mine"


def test_lines_that_are_not_text(model, capsys, monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(b"fine\n\xff\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert "line 2: " in fails(capsys, ["predict", model])
    monkeypatch.setattr(sys, "stdin", None)
    assert "standard input" in fails(capsys, ["predict", model])


def test_the_classes_must_be_the_model_s(model, data, capsys, monkeypatch):
    names_of = rnnzoo.TextClassifier.labels_of

    def labels_of(cls, labels):  # of a dataset: the other way round
        names = names_of(labels)
        return names[::-1] if hasattr(labels, "features") else names

    patched = classmethod(labels_of)
    monkeypatch.setattr(rnnzoo.TextClassifier, "labels_of", patched)
    error = fails(capsys, ["evaluate", model, *data])
    assert "neg, pos apart" in error
    tagger = rnnzoo.build("bilstm_crf_tagger", units=4, embedding_dim=4)
    tagger.adapt([["a"]], [[1]], labels=["O", "B-PER"], verbose=0)
    tags = types.SimpleNamespace(names=["B-PER", "O"])
    info = types.SimpleNamespace(features={"ner": tags}, supervised_keys=None)
    with pytest.raises(ValueError, match="O, B-PER apart.*B-PER, O"):
        tagger.require_labels_of(info)


def test_results_on_a_line():
    classification = rnnzoo.tasks.Classification("pos", 0.75)
    for task in (rnnzoo.TextClassifier, rnnzoo.EntityTagger):
        assert task.format_answer(classification) == "pos\t0.7500"
        assert task.format_answer([classification, "x"]) == "pos 0.7500; x"


def test_the_readme_s_commands_are_commands():
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    lines = readme.replace("\\\n", "").splitlines()
    commands = [line for line in lines if line.startswith("rnnzoo ")]
    assert len(commands) > 5
    for command in commands:
        typed = shlex.split(command.split(" <")[0])[1:]
        args = parse(typed)
        if "name" in args and args.name != GRADIENTS:
            card = rnnzoo.describe(args.name)
            read_settings(card, getattr(args, "settings", []))


HEAVY = """
import sys
import keras
before = set(sys.modules)
import rnnzoo, rnnzoo.cli
print({"tensorflow_datasets", "matplotlib"} & (set(sys.modules) - before))
for name in ("CRF", "Translator", "LazyAdam"):
    assert keras.saving.get_registered_object(f"rnnzoo>{name}") is not None
"""


def test_the_import_is_light():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", HEAVY],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "set()"
    assert done.returncode == 0
    times = {}
    for line in done.stderr.splitlines():
        if line.startswith("import time:"):
            _, microseconds, name = line.removeprefix("import time:").split("|")
            if microseconds.strip().isdigit():
                times[name.strip()] = int(microseconds)
    assert times["rnnzoo"] < 1e6 + 0.5 * times["keras"]
