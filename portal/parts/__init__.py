"""Blocks that screens are built from: values in, escaped HTML out, and the steps of the wizard."""
