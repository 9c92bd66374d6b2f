"""The reading room: a study's ledger as tidy frames, tables, figures and one report."""
