"""The promises, one check each. A check yields a sentence for every breach it finds."""

from promises import calls, campaigns, customers, emitted, explained, given, life, routes, service, taken  # noqa: F401
from promises.shared import ALL  # noqa: F401
