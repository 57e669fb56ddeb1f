"""Joey NMT's recurrent translator, a contestant of translation.py."""

import importlib.util
import os
import types

if importlib.util.find_spec("joeynmt"):
    # PyTorch 2.14 crashes if its optimizers load this after TensorFlow.
    import torch._dynamo  # noqa: F401


def build(tokens, vector, units):
    """Joey NMT's recurrent model, or `None` without the package.

    Args:
        tokens: Size of both vocabularies.
        vector: Size of the embeddings.
        units: Units of the decoder, and of both directions of the encoder.
    """
    try:
        import torch
        from joeynmt.model import build_model
        from joeynmt.vocabulary import Vocabulary
    except ImportError as error:
        print(f"Joey NMT is left out: {error}")
        return None

    torch.set_num_threads(os.cpu_count())
    special = {
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_id": 0,
        "pad_id": 1,
        "bos_id": 2,
        "eos_id": 3,
        "sep_token": None,
        "sep_id": None,
        "lang_tags": [],
    }
    vocabulary = Vocabulary(
        [f"w{i}" for i in range(tokens - 4)], types.SimpleNamespace(**special)
    )
    vectors = {"embedding_dim": vector, "scale": False}
    shared = {"type": "recurrent", "rnn_type": "gru", "embeddings": vectors}
    return build_model(
        {
            "encoder": {
                **shared,
                "hidden_size": units // 2,
                "bidirectional": True,
                "num_layers": 1,
                "dropout": 0.0,
            },
            "decoder": {
                **shared,
                "hidden_size": units,
                "num_layers": 1,
                "dropout": 0.0,
                "attention": "bahdanau",
                "input_feeding": True,
                "init_hidden": "bridge",
            },
            "initializer": "xavier_uniform",
            "embed_initializer": "normal",
            "bias_initializer": "zeros",
        },
        vocabulary,
        vocabulary,
    )


def train_step(model):
    """A step on batches as Joey NMT makes them: longest first, masked."""
    import torch

    optimizer = torch.optim.Adam(model.parameters())

    def step(inputs, after):
        source, before, after = (
            torch.tensor(ids.numpy(), dtype=torch.long)
            for ids in (inputs["source"], inputs["target"], after)
        )
        lengths, order = (source != 0).sum(1).sort(descending=True)
        source, before, after = source[order], before[order], after[order]
        optimizer.zero_grad()
        logits, *_ = model._encode_decode(
            source,
            before,
            (source != 0)[:, None],
            lengths,
            (after != 0)[:, None],
        )
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), after.flatten(), ignore_index=0
        )
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def decoding(model, source, steps, width):
    """A function that decodes sources without padding with a beam."""
    import torch
    from joeynmt.search import beam_search

    source = torch.tensor(source.numpy(), dtype=torch.long)
    mask = torch.ones(len(source), 1, source.shape[1], dtype=torch.bool)

    def decode():
        with torch.inference_mode():
            encoded, hidden, _, _ = model(
                return_type="encode",
                src=source,
                src_length=torch.full((len(source),), source.shape[1]),
                src_mask=mask,
            )
            return beam_search(
                model=model,
                beam_size=width,
                encoder_output=encoded,
                encoder_hidden=hidden,
                src_mask=mask,
                max_output_length=steps,
                alpha=0,
            )

    return decode
