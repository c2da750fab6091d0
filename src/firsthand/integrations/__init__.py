"""What attaches firsthand to a trainer of somebody else: thin, and without arithmetic of its own.

A module of this folder is named after the package it attaches to, which it imports only when it is
called.
"""
