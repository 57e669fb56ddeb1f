"""Raw examples from whatever holds them, and batches of ids."""
