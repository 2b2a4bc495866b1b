"""Save everything, come back from any crash, agree with the exchange."""
