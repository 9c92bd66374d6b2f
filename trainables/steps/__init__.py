"""How a training step runs: captured or eager, in which precision, how far ahead of the device."""
