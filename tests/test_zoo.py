"""Properties of every model: registered is tested."""

import base64
import functools
import json
import re
import subprocess
import sys
from unittest import mock

import keras
import numpy as np
import pytest
import rest
import tensorflow as tf
from cases import TASKS, TEXTS

import rnnzoo

# The process that serves does optimise graphs, and answers the same.
pytestmark = pytest.mark.usefixtures("as_written")

# In a process of its own, which has no rnnzoo: for each export that it is told
# of, the answers to all inputs at once, each alone, and none.
SERVE = """
import base64, json, sys
import tensorflow as tf

def plain(value):
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.decode() if isinstance(value, bytes) else value

def decoded(value):
    if isinstance(value, list):
        return [decoded(each) for each in value]
    return base64.b64decode(value)

for line in sys.stdin:
    path, columns = json.loads(line)
    served = tf.saved_model.load(path).signatures["serving_default"]
    columns = {k: tf.constant(decoded(v)) for k, v in columns.items()}
    (count,) = {len(column) for column in columns.values()}
    answers = []
    alone = [slice(i, i + 1) for i in range(count)]
    for part in [slice(None), *alone, slice(0)]:
        outputs = served(**{k: v[part] for k, v in columns.items()})
        outputs = {k: plain(v.numpy().tolist()) for k, v in outputs.items()}
        answers.append(outputs)
    assert "rnnzoo" not in sys.modules
    print(json.dumps(answers), flush=True)
"""


@pytest.fixture(scope="module", params=rnnzoo.list_models())
def name(request):
    return request.param


@pytest.fixture(scope="module")
def trained(name):
    """A trained model, its task, and how often its steps were traced."""
    keras.utils.set_random_seed(1)
    task = TASKS[rnnzoo.describe(name).task]
    model = task.build(name)
    model.adapt(task.inputs, task.targets, verbose=0)
    model.compile()
    with mock.patch.object(model, "train_step", wraps=model.train_step) as step:
        model.fit(task.inputs, task.targets, batch_size=6, epochs=20, verbose=0)
    return model, task, step.call_count


@pytest.fixture(scope="module")
def case(trained):
    """A trained model, and what there is to know about its task."""
    return trained[:2]


@pytest.fixture(scope="module")
def exported(case, tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "1"
    case[0].export(path)
    return path


@pytest.fixture(scope="module")
def signatures(exported):
    """The signatures of the export, as this process loads them."""
    return tf.saved_model.load(str(exported)).signatures


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A process that answers by exports; to import TensorFlow takes long."""
    folder = tmp_path_factory.mktemp("server")
    with (
        open(folder / "errors", "w+") as errors,
        subprocess.Popen(
            [sys.executable, "-c", SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
        ) as process,
    ):
        yield process, folder / "errors"
        process.stdin.close()


def assert_same(ours, theirs, tolerance=1e-5):
    for (names, numbers), (others, expected) in zip(ours, theirs, strict=True):
        assert names == others
        # A float32 has seven digits: log probabilities of texts have no more.
        np.testing.assert_allclose(
            numbers, expected, rtol=tolerance / 10, atol=tolerance
        )


def test_a_step_is_traced_once(trained):
    assert trained[2] == 1


def test_training_learns(case):
    losses = case[0].history.history["loss"]
    assert losses[-1] < losses[0]


def test_the_batch_changes_nothing(case):
    model, task = case
    together = model.comparable(task.inputs)
    assert all(np.isfinite(numbers).all() for _, numbers in together)
    alone = [model.comparable([each])[0] for each in task.inputs]
    assert_same(together, alone)


def test_padding_changes_nothing(case):
    model, task = case
    examples = task.encode(model)
    ((batch, *_),) = examples.batches(len(examples))

    def pad(column):  # but pixels, which are no sequence
        more = 3 if column.dtype.is_integer else 0
        return np.pad(column, [(0, 2)] + [(0, more)] * (column.ndim - 1))

    found = [model(batch), model(tf.nest.map_structure(pad, batch))]
    name = {"logits", "losses"}.intersection(dir(found[0]))
    outputs, others = (getattr(e, *name) if name else e for e in found)
    for place, row in enumerate(examples.order()):
        kept = slice(None)
        if outputs.ndim > 2 or "losses" in name:  # (batch, time, ...)
            kept = slice(examples.lengths[row])
        np.testing.assert_allclose(
            others[place][kept], outputs[place][kept], atol=1e-5
        )


def test_saving_is_exact(case, tmp_path):
    model, task = case
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras")
    assert_same(again.comparable(task.inputs), model.comparable(task.inputs), 0)
    for name in {"vocabulary", "target_vocabulary"} & set(dir(model)):
        assert getattr(again, name).tokens == getattr(model, name).tokens
    if hasattr(model, "labels"):
        assert again.labels == model.labels
    assert again.optimizer.iterations == model.optimizer.iterations


def test_a_saved_task_lends_what_it_learned(name, case, tmp_path):
    model, task = case
    path = tmp_path / "model.keras"
    model.save(path)
    again = task.build(name, weights=path)
    again.restore(path)  # the same once more
    assert again.learned == model.learned
    for ours, theirs in zip(
        again.get_weights(), model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    other = task.build(name)
    targets = task.targets and task.targets[-1:] * 2
    other.adapt(task.inputs[:1] * 2, targets, verbose=0)
    with pytest.raises(
        ValueError, match="argument `weights`.*learned the same"
    ):
        other.restore(path)


def test_export_stands_alone(case, exported, server):
    model, task = case
    process, errors = server
    columns = tf.nest.map_structure(
        lambda each: base64.b64encode(each).decode(),
        model.to_serve(task.inputs),
    )
    print(json.dumps([str(exported), columns]), file=process.stdin, flush=True)
    line = process.stdout.readline()
    assert line, errors.read_text()[-2000:]
    together, *alone, none = json.loads(line)
    answers = model.comparable(task.inputs)
    assert_same(model.comparable_served(together), answers)
    for outputs, answer in zip(alone, answers, strict=True):
        assert_same(model.comparable_served(outputs), [answer])
    assert model.comparable_served(none) == []


def test_every_signature_answers_over_rest(case, signatures):
    for name, signature in signatures.items():
        inputs = signature.structured_input_signature[1]
        columns = {each: case[1].sent[each] for each in inputs}
        rows = [
            dict(zip(columns, row, strict=True))
            for row in zip(*columns.values(), strict=True)
        ]
        ask = functools.partial(_ask, signatures, signature_name=name)
        together = ask(instances=rows)["predictions"]
        for row, answer in zip(rows, together, strict=True):
            (alone,) = ask(instances=[row])["predictions"]
            for each, value in alone.items():
                assert_begins(answer[each], value)
        if "beam_width" in columns:
            columns |= {"beam_width": 2, "n_best": 2}  # one for all
        for each, column in ask(inputs=columns)["outputs"].items():
            for answer, value in zip(together, column, strict=True):
                assert_begins(answer[each], value)


def _ask(signatures, **body):
    return json.loads(rest.ask(signatures, json.dumps(body)))


def assert_begins(found, expected):
    """Asserts that nothing but padding comes after the expected values."""
    if not isinstance(expected, list):
        if isinstance(expected, float):
            expected = pytest.approx(expected, rel=1e-5, abs=1e-5)
        assert found == expected
        return
    for each, value in zip(found, expected, strict=False):
        assert_begins(each, value)
    assert not np.any(found[len(expected) :])


def test_inference_is_pure(signatures):
    assert set(signatures) > {"serving_default"}
    for function in signatures.values():
        drawn = "seed" in function.structured_input_signature[1]
        random = "Random|Rng" if not drawn else "(?<!Stateless)Random|Rng"
        graph = function.graph.as_graph_def()
        nodes = list(graph.node)
        for each in graph.library.function:
            nodes += each.node_def
        assert nodes
        for node in nodes:
            assert not re.search(
                f"{random}|Assign|(?<!Tensor)Scatter.*Update|PyFunc|Cudnn",
                node.op,
            )


def test_the_explanation_is_of_the_original_text(case, signatures):
    model, _ = case
    served = signatures.get("explain")
    if served is None or "text" not in served.structured_input_signature[1]:
        pytest.skip("It serves no explanations of single texts.")
    served = {k: v.numpy() for k, v in served(text=tf.constant(TEXTS)).items()}
    for i, explanation in enumerate(model.explain(TEXTS)):
        assert explanation.text == TEXTS[i]
        surfaces = [TEXTS[i][start:end] for start, end in explanation.spans]
        assert [s.lower() for s in surfaces] == explanation.tokens
        if surfaces:
            total = len(getattr(explanation, "sentences", None) or [None])
            assert np.sum(explanation.weights) == pytest.approx(total, abs=1e-4)
        exists = served["tokens"][i] != b""
        tokens = [token.decode() for token in served["tokens"][i][exists]]
        assert tokens == explanation.tokens
        for name, values in [
            ("weights", explanation.weights),
            ("starts", [start for start, _ in explanation.spans]),
            ("ends", [end for _, end in explanation.spans]),
        ]:
            np.testing.assert_allclose(
                served[name][i][exists], values, atol=1e-5
            )
