"""Arrays, resampling, neighbours and multiplicity: mathematics that several metrics share."""
