"""What the next generations will lose: fitted to counts that were seen, or simulated for a plan."""
