"""``python -m study`` is ``aucstudy``."""

from study.cli import main

main()
