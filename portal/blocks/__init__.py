"""Blocks of the start, records and help pages: values in, escaped HTML out."""
