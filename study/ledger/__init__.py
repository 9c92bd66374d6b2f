"""The ledger: the Optuna storage as a study's only truth, its rules and its one writer."""
