"""What people and machines are told of a judged run. Chooses words, decides nothing."""
