import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo import losses, scoring
from rnnzoo.images import encoders
from rnnzoo.text.subwords import SubwordTokenizer

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (40, 50, 220)}
SMALL = {
    "image_size": 16,
    "units": 24,
    "embedding_dim": 16,
    "min_count": 1,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "word_dropout": 0.0,
    "label_smoothing": 0.0,
    "max_length": 10,
}


def paint(colour, size=(16, 16)):
    noise = np.random.default_rng(len(colour)).integers(-9, 10, (*size, 3))
    return (np.array(COLOURS[colour]) + noise).astype("uint8")


NAMES = [*COLOURS] * 4
IMAGES = [paint(name) for name in NAMES]
CAPTIONS = [[f"all {name}", f"it is {name}"] for name in NAMES]


def trained(
    name="show_attend_tell_captioner", epochs=20, rate=5e-3, **overrides
):
    keras.utils.set_random_seed(1)
    model = rnnzoo.build(name, **SMALL | overrides)
    model.adapt(IMAGES, CAPTIONS, verbose=0)
    model.compile(keras.optimizers.Adam(rate))
    model.fit(IMAGES, CAPTIONS, batch_size=3, epochs=epochs, verbose=0)
    return model


def with_batch_norm():
    """An encoder that has statistics, and rounds nothing to zero."""
    images = keras.Input((16, 16, 3))
    x = keras.layers.Rescaling(1 / 255)(images)
    x = keras.layers.Conv2D(6, 5, strides=5)(x)
    x = keras.layers.BatchNormalization()(x)
    return keras.Model(images, x)


@pytest.fixture(scope="module")
def model():
    return trained(epochs=30, rate=3e-3)  # a higher rate may diverge


def test_it_learns_to_describe(model):
    for name, caption in zip(NAMES, model.caption(IMAGES[:3]), strict=False):
        assert caption in (f"all {name}", f"it is {name}")
    assert model.predict(IMAGES[:3]) == model.caption(IMAGES[:3])


def test_an_image_is_the_same_in_any_form(model, tmp_path):
    (tmp_path / "a.png").write_bytes(tf.io.encode_png(IMAGES[1]).numpy())
    (expected,) = model.caption([IMAGES[1]], return_scores=True)
    for image in (
        IMAGES[1],
        str(tmp_path / "a.png"),
        (tmp_path / "a.png").read_bytes(),
        IMAGES[1].astype("float32"),
    ):
        (found,) = model.caption(image, return_scores=True)
        assert found.text == expected.text
        assert found.score == pytest.approx(expected.score, abs=1e-4)


def test_one_bad_image_does_not_lose_the_others(model, tmp_path):
    images = [IMAGES[0], b"\xff\xd8\xff no JPEG", str(tmp_path / "none.jpg")]
    images += [np.full((16, 16, 3), 300.0), IMAGES[2]]
    with pytest.warns(UserWarning, match="Invalid image") as warned:
        found = model.caption(images, batch_size=2)
    places = [str(each.message).split("images[")[1][0] for each in warned]
    assert places == ["1", "2", "3"]
    assert found[1:4] == [None] * 3
    assert [found[0], found[4]] == model.caption([IMAGES[0], IMAGES[2]])
    files = [tf.io.encode_png(IMAGES[0]), b"", tf.io.encode_png(IMAGES[2])]
    dataset = tf.data.Dataset.from_tensor_slices({"image": files})
    with pytest.warns(UserWarning, match=r"images\[1\]"):
        assert model.caption(dataset) == [found[0], None, found[4]]


def test_the_best_come_first(model):
    (found,) = model.caption(
        IMAGES[:1], beam_width=4, n_best=3, return_attention=True
    )
    assert {each.text for each in found[:2]} == set(CAPTIONS[0])
    assert found[0].score >= found[1].score >= found[2].score
    assert found[0].attention.shape == (len(found[0].tokens), 2, 2)
    np.testing.assert_allclose(found[0].attention.sum((1, 2)), 1, atol=1e-5)


def test_scores_have_all_references(model):
    metrics = model.evaluate(IMAGES, CAPTIONS, verbose=0, return_dict=True)
    captions = model.caption(IMAGES)
    expected = scoring.score_captions(captions, CAPTIONS)
    assert metrics["cider_d"] == pytest.approx(expected.cider_d)
    assert metrics["bleu_1"] == pytest.approx(expected.bleu.scores[0])
    assert metrics["bleu_1"] == pytest.approx(100)


def test_an_explanation_shows_the_image(model):
    image = paint("blue", size=(30, 50))
    (look,) = model.explain([image])
    # In the model's shape, but with more pixels than its 16 by 16.
    resized = tf.image.resize(image, (288, 288), antialias=True)
    np.testing.assert_allclose(look.image, resized, atol=0.51)
    assert look.caption.endswith("blue")
    assert look.weights.shape == (len(look.tokens), 2, 2)
    with pytest.raises(ValueError, match="attention"):
        trained("show_tell_captioner", epochs=0).explain(IMAGES[:1])


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("show_tell_captioner", {}),
        ("show_attend_tell_captioner", {"hard": True, "rnn": "gru"}),
    ],
)
def test_all_kinds_learn(name, overrides):
    history = trained(name, epochs=10, **overrides).history.history["loss"]
    assert history[-1] < 0.6 * history[0]


def test_a_frozen_encoder_is_asked_once(tmp_path, monkeypatch):
    encoder = with_batch_norm()
    before = encoder.get_weights()
    model = trained(encoder=encoder, image_size=None, cache_dir=tmp_path)
    for old, new in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.caption(IMAGES[:1])[0].endswith("red")
    (found,) = model.caption(IMAGES[:1], return_scores=True)
    monkeypatch.setattr(model, "_features", None)
    examples = model.encode(IMAGES, CAPTIONS)  # from the cache
    ((inputs, *_),) = examples.take([0]).batches(9)
    texts = model._write_about(inputs, model.beam(3))["texts"]
    assert texts[0, 0] == found.text


def test_a_finetuned_encoder_keeps_its_statistics(tmp_path, eagerly):
    first = trained(
        encoder=with_batch_norm(), image_size=None, cache_dir=tmp_path, epochs=0
    )
    stale = first.encode(IMAGES, CAPTIONS)
    first.save(tmp_path / "first.keras")
    model = rnnzoo.build(
        "show_attend_tell_captioner",
        weights=tmp_path / "first.keras",
        **SMALL | {"image_size": None},
        encoder=with_batch_norm(),
        finetune_encoder=True,
    )
    assert model.caption(IMAGES) == first.caption(IMAGES)
    conv, norm = model.encoder.layers[-2:]
    before = [each.numpy() for each in (*norm.non_trainable_weights,)]
    kernel = conv.kernel.numpy()
    model.compile()
    model.fit(IMAGES, CAPTIONS, verbose=0)
    assert np.abs(conv.kernel.numpy() - kernel).max() > 0
    for old, new in zip(before, norm.non_trainable_weights, strict=True):
        np.testing.assert_array_equal(old, new)
    with pytest.raises(ValueError, match="finetune_encoder"):
        model.fit(stale, verbose=0)


def test_served_images_may_have_any_size(model, tmp_path):
    model.export(tmp_path / "served")
    signatures = tf.saved_model.load(str(tmp_path / "served")).signatures
    images = np.stack([paint(name, size=(40, 23)) for name in COLOURS])
    served = signatures["images"](images=tf.constant(images))
    expected = model.caption(images, return_scores=True)
    assert [each.decode() for each in served["caption"].numpy()] == [
        each.text for each in expected
    ]
    np.testing.assert_allclose(
        served["score"], [each.score for each in expected], atol=1e-5
    )
    files = [tf.io.encode_png(images[0]).numpy(), b"bad"]
    served = signatures["serving_default"](image_bytes=tf.constant(files))
    assert served["caption"][0].numpy().decode() == expected[0].text
    assert served["caption"][1].numpy() == b""
    assert served["valid"].numpy().tolist() == [True, False]
    assert served["score"][1].numpy() == np.finfo("float32").min
    served = signatures["n_best"](
        image_bytes=tf.constant(files),
        beam_width=tf.constant([4, 2]),
        n_best=tf.constant([3, 2]),
    )
    (found,) = model.caption(images[:1], beam_width=4, n_best=3)
    assert [each.decode() for each in served["captions"][0].numpy()] == found
    assert served["captions"][1].numpy().tolist() == [b""] * 3
    assert served["valid"].numpy().tolist() == [True, False]
    assert np.isfinite(served["scores"]).all()
    none = signatures["n_best"](
        image_bytes=tf.constant([], tf.string),
        beam_width=tf.constant(2),
        n_best=tf.constant(1),
    )
    assert none["captions"].shape == (0, 1)


def test_there_is_always_something_to_say(model):
    bias = model.decoder.output_bias
    before = bias.numpy()
    bias.assign_add(40 * tf.one_hot(model.target.end_id, len(before)))
    captions = [model.caption(IMAGES[:1]), model.caption(IMAGES[:1], n_best=2)]
    bias.assign(before)
    assert [len(text.split()) for text in captions[0]] == [1]
    assert [len(text.split()) for text in captions[1][0]] == [1, 1]


def test_given_captions_are_scored(model):
    several = model.caption(IMAGES[:3], n_best=2, return_scores=True)
    scores = model.score_pairs(
        IMAGES[:3], [[each.text for each in found] for found in several]
    )
    for found, scored in zip(several, scores, strict=True):
        expected = [each.score for each in found]
        np.testing.assert_allclose(scored, expected, atol=1e-4)
    # What a search never writes may still be given.
    (scores,) = model.score_pairs(IMAGES[:1], [["all zebra"]])
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    "name",
    ["ResNet50", "MobileNetV2", "DenseNet121", "EfficientNetB0", "VGG16"],
)
def test_applications_see_pixels_as_they_want_them(name):
    create = getattr(keras.applications, name)
    family = create.__module__.rpartition(".")[2]
    preprocess = getattr(keras.applications, family).preprocess_input
    images = keras.Input((4, 5, 3))
    scaled = encoders._scaled(images, create)
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 4, 5, 3))
    pixels = pixels.astype("float32")
    ours = pixels
    if scaled is not images:
        scale = keras.Model(images, scaled)
        config = scale.get_config()
        ours = keras.Model.from_config(config)(pixels)
    expected = preprocess(pixels.copy())
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_an_application_is_an_encoder_by_its_name():
    model = rnnzoo.build(
        "show_tell_captioner",
        encoder="MobileNet",
        **SMALL | {"image_size": 32},
    )
    assert model.finetune_encoder  # it knows nothing yet
    assert model.encoder.output_shape == (None, 1, 1, 1024)


def test_a_saved_model_is_an_encoder(tmp_path):
    encoder = with_batch_norm()
    encoder.save(tmp_path / "encoder.keras")
    loaded = encoders.image_encoder(tmp_path / "encoder.keras")
    pixels = np.ones((1, 16, 16, 3))
    np.testing.assert_array_equal(loaded(pixels), encoder(pixels))


def test_a_saved_captioner_gives_its_encoder(model, tmp_path, eagerly):
    path = tmp_path / "captioner.keras"
    model.save(path)
    options = {key: each for key, each in SMALL.items() if key != "image_size"}
    again = rnnzoo.build(
        "show_attend_tell_captioner", weights=path, encoder=path, **options
    )
    assert not again.finetune_encoder
    assert again.caption(IMAGES[:3]) == model.caption(IMAGES[:3])


def test_a_wrong_encoder_is_an_error(tmp_path):
    images = keras.Input((8, 8, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(images)
    for encoder, message in [
        (keras.Model(images, pooled), "feature map"),
        (keras.layers.Dense(3), "Received: Dense"),
        (keras.Model(images, [images, images]), "2 outputs"),
        (keras.Sequential([keras.layers.Conv2D(2, 3)]), "0 inputs"),
        (keras.Model(pooled := keras.Input((5,)), pooled), "takes"),
        ("resnet50", "Near: ResNet50"),
    ]:
        with pytest.raises(ValueError, match=message):
            encoders.image_encoder(encoder)
    with pytest.raises(FileNotFoundError, match="argument `encoder`"):
        encoders.image_encoder(tmp_path / "none.keras")
    with pytest.raises(ValueError, match="argument `encoder_weights`"):
        encoders.image_encoder("small_cnn", weights="imagenet")
    for size in (0, (16, 16)):
        with pytest.raises(ValueError, match="argument `image_size`"):
            encoders.image_encoder("small_cnn", image_size=size)
    with pytest.raises(ValueError, match="argument `image_size`"):
        encoders.image_encoder(with_batch_norm(), image_size=32)


def test_bad_input_is_an_error(model):
    new = rnnzoo.build("show_tell_captioner", **SMALL)
    with pytest.raises(ValueError, match="Expected `adapt"):
        new.caption(IMAGES)
    with pytest.raises(ValueError, match="no captions.*argument `y`"):
        new.adapt(IMAGES, verbose=0)
    with pytest.raises(ValueError, match="no captions.*argument `y`"):
        model.fit(IMAGES, verbose=0)
    with pytest.raises(ValueError, match="argument `n_best`"):
        model.caption(IMAGES, beam_width=2, n_best=3)
    copying = rnnzoo.build("bahdanau_translator", copy=True).decoder
    with pytest.raises(ValueError, match="argument `decoder`.*copy=False"):
        rnnzoo.ImageCaptioner(model.encoder, model.memory, copying)
    for images in (None, 3, (each for each in IMAGES)):
        with pytest.raises(ValueError, match="argument `x`"):
            model.caption(images)
    assert model.caption([]) == []


def test_places_left_out_are_punished():
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(4), size=(2, 3)).astype("float32")
    mask = np.array([[1, 1, 1], [1, 1, 0]], "float32")
    expected = np.mean(
        [
            sum((1 - weights[b, : 3 - b, i].sum()) ** 2 for i in range(4))
            for b in range(2)
        ]
    )
    found = losses.doubly_stochastic(weights, mask)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_captions_may_be_written_in_subwords(tmp_path, eagerly):
    pytest.importorskip("sentencepiece")
    model = rnnzoo.build("show_tell_captioner", **SMALL, vocabulary_size=40)
    model.target_tokenizer = SubwordTokenizer()
    model.adapt(IMAGES, CAPTIONS, verbose=0)
    assert model.target_tokenizer.pieces == model.target_vocabulary.tokens
    (caption,) = model.caption(IMAGES[:1])
    model.save(tmp_path / "model.keras")
    assert rnnzoo.load(tmp_path / "model.keras").caption(IMAGES[:1]) == [
        caption
    ]
