"""Failures that can be made from human data, one a file, to try a diagnosis on."""
