"""Closed forms: what recursive training loses, before anything is trained."""
