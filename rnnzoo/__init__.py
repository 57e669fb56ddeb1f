"""Recurrent models for Keras 3: build, fine-tune, explain, export."""

__version__ = "0.1.0"
