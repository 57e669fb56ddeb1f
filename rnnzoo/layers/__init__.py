"""Keras layers; they never see a string, a vocabulary or a dataset."""
