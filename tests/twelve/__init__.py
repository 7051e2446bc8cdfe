"""The twelve statements the language was made for, on layers of their shape, answered as by the oracle."""
