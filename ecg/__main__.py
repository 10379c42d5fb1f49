"""``python -m ecg``."""

from ecg.cli import main

main()
