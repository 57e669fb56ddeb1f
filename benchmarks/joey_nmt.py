"""Joey NMT's translators, contestants of translation.py."""

import importlib.util
import os
import sys
import types

if importlib.util.find_spec("joeynmt") and "tensorflow" not in sys.modules:
    # PyTorch 2.14 crashes if its optimizers load this after TensorFlow.
    import torch._dynamo  # noqa: F401


def recurrent(vector, units):
    """Configurations of a recurrent encoder and decoder.

    Args:
        vector: Size of the embeddings.
        units: Units of the decoder, and of both directions of the encoder.
    """
    shared = {
        "type": "recurrent",
        "rnn_type": "gru",
        "embeddings": {"embedding_dim": vector, "scale": False},
        "num_layers": 1,
        "dropout": 0.0,
    }
    return (
        {**shared, "hidden_size": units // 2, "bidirectional": True},
        {
            **shared,
            "hidden_size": units,
            "attention": "bahdanau",
            "input_feeding": True,
            "init_hidden": "bridge",
        },
    )


def transformer(units, hidden_units, depth, num_heads):
    """Configurations of the encoder and the decoder of a Transformer.

    Args:
        units: Size of all vectors.
        hidden_units: Size of the hidden layers.
        depth: Number of blocks of each.
        num_heads: Number of heads.
    """
    shared = {
        "type": "transformer",
        "embeddings": {"embedding_dim": units, "scale": True},
        "hidden_size": units,
        "ff_size": hidden_units,
        "num_layers": depth,
        "num_heads": num_heads,
        "layer_norm": "pre",
        "dropout": 0.0,
    }
    return shared, dict(shared)


def build(tokens, encoder, decoder):
    """A model of Joey NMT, or `None` without the package.

    Args:
        tokens: Size of both vocabularies.
        encoder, decoder: Configurations.
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
    return build_model(
        {
            "encoder": encoder,
            "decoder": decoder,
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
