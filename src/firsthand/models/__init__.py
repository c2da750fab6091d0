"""One model family a file that can be trained on what it produced."""
