"""ops/demo calls this once what it needs is installed: `python ops/lib/demo --leads N [--keep] -- BUILD COMMAND`."""

import pathlib
import signal
import sys

# Until there is something to clean up, Ctrl-C simply ends this.
signal.signal(signal.SIGINT, signal.SIG_DFL)
sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)

from demo.command import main  # noqa: E402

sys.exit(main())
