"""Recurrent networks of language models, for them and for what starts there."""

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.models.embeddings import token_embedding


def recurrent_backbone(
    *,
    units,
    depth,
    rnn="lstm",
    embedding_dim=400,
    tied=True,
    variational=True,
    dropout=0.0,
    input_dropout=None,
    output_dropout=None,
    word_dropout=0.0,
    weight_dropout=0.0,
):
    """The `rnnzoo.layers.RecurrentBackbone` of a language model.

    Args:
        units: Units of a layer; of the last one, `embedding_dim` if `tied`.
        depth: Number of layers.
        rnn: `"gru"` or `"lstm"`.
        embedding_dim: Size of the token vectors.
        tied: Whether the output layer of the language model is the embedding;
            the last layer has as many units then.
        variational: Whether dropout has one mask for all steps of a window
            (Gal & Ghahramani 2016), or one for each.
        dropout: Rate at the inputs of all layers, and at the output.
        input_dropout: Rate at the inputs of the first layer instead.
        output_dropout: Rate at the output instead.
        word_dropout: Rate at which types of tokens are dropped.
        weight_dropout: Rate of zeros in the recurrent kernels.
    """
    from rnnzoo.layers import RecurrentBackbone
    from rnnzoo.layers.recurrent import recurrent_layer

    check_positive("units", units)
    check_positive("depth", depth)
    check_positive("embedding_dim", embedding_dim)
    for name, rate in (
        ("dropout", dropout),
        ("input_dropout", input_dropout),
        ("output_dropout", output_dropout),
        ("word_dropout", word_dropout),
        ("weight_dropout", weight_dropout),
    ):
        if rate is not None:
            check_rate(name, rate)
    last = embedding_dim if tied else units
    layers = [
        recurrent_layer(rnn)(size, weight_dropout=weight_dropout)
        for size in (*[units] * (depth - 1), last)
    ]
    return RecurrentBackbone(
        token_embedding(embedding_dim),
        layers,
        word_dropout=word_dropout,
        input_dropout=dropout if input_dropout is None else input_dropout,
        dropout=dropout,
        output_dropout=dropout if output_dropout is None else output_dropout,
        variational=variational,
    )
