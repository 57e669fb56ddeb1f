"""Models that take raw examples, one class for each kind of task."""

from rnnzoo.tasks.answer_classifier import Answer
from rnnzoo.tasks.classifier import Classification
from rnnzoo.tasks.columns import Columns
from rnnzoo.tasks.entities import Entity
from rnnzoo.tasks.entity_tagger import EntityTagger
from rnnzoo.tasks.image_captioner import Caption, ImageCaptioner
from rnnzoo.tasks.language_model import LanguageModel
from rnnzoo.tasks.multi_label_classifier import MultiLabelClassifier
from rnnzoo.tasks.pair_classifier import PairClassifier
from rnnzoo.tasks.pair_scorer import PairScorer, Similarity
from rnnzoo.tasks.pairs import Match
from rnnzoo.tasks.quatrain_generator import QuatrainGenerator
from rnnzoo.tasks.story_answerer import StoryAnswerer
from rnnzoo.tasks.summarizer import Summarizer, Summary
from rnnzoo.tasks.task import Task, load
from rnnzoo.tasks.text_classifier import TextClassifier
from rnnzoo.tasks.text_to_text import TextToText
from rnnzoo.tasks.text_writer import TextWriter
from rnnzoo.tasks.translator import Translation, Translator

__all__ = [
    "Answer",
    "Caption",
    "Classification",
    "Columns",
    "Entity",
    "EntityTagger",
    "ImageCaptioner",
    "LanguageModel",
    "Match",
    "MultiLabelClassifier",
    "PairClassifier",
    "PairScorer",
    "QuatrainGenerator",
    "Similarity",
    "StoryAnswerer",
    "Summarizer",
    "Summary",
    "Task",
    "TextClassifier",
    "TextToText",
    "TextWriter",
    "Translation",
    "Translator",
    "load",
]
