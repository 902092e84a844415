"""What building, naming, running, training and importing cost."""
