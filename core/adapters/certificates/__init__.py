"""Certificates in the world: signed words, a sheet to print, and finding them on a sheet again."""
