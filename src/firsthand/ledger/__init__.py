"""Versions of data with provenance and lineage, in a folder that survives a crash."""
