"""``python -m study`` is ``aucstudy``."""

import sys

# Python puts the working directory first, where files of the user's would shadow libraries (and
# os or pathlib, if they were imported here). In a checkout the program itself lies there.
if not (sys.flags.safe_path or __file__.startswith(f"{sys.path[0]}/study/")):
    del sys.path[0]

from study.cli import main

main()
