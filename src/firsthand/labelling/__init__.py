"""Ways to choose which of a detector's predictions become labels. One file is one way."""
