"""Lets `python ops/lib/services VERB` work from anywhere, with nothing put into the environment."""

import pathlib
import sys

sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)

from services.command import main  # noqa: E402

sys.exit(main())
