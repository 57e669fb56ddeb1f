"""Raw stories, questions about them, and their answers."""

from rnnzoo.pipeline.schema import Places, Schema, Text, Texts

SCHEMA = Schema(
    (
        Texts("story", also=("context", "passage", "facts", "document")),
        Text("question", also=("query",)),
    ),
    (Text("answer", also=("label", "target")),),
    extras=(Places("supporting", ("supporting", "supporting_facts")),),
)
