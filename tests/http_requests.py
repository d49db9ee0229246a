"""HTTP requests of tests to programs on this machine."""

from typing import Final

import httpx

# A connection for each request, since the program at the other end may be another one by then. `httpx.get` would do as
# well, but reads the machine's certificates each time: 18 ms of processor time, as long as a poll's pause.
http: Final = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
