"""The conductor: spec, cells, ledger and the Ray Tune run. Imports nothing, so reading is cheap."""
