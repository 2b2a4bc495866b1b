"""What is done to the system, as data, and the processes that do it."""
