"""Before a study runs: what it costs, and what it will be able to show."""
