"""From a data set to a task: which images train, validate and test, and what they are told of."""
