"""One rule a file for how the next training set is made."""
