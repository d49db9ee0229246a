"""An open load for Locust: `locust -f loadtests/locustfile.py --host URL`, with or without the web interface.

Each user is one order a second (`--user-seconds`), sent at its due moment whatever became of the one before. With
`--load-profile FILE` the number of users follows a load profile. The exit code is the verdict's: 0 passed, 1 failed,
2 none.
"""

from locust import events
from patchbay_loadtests.open_loop.options import add_arguments
from patchbay_loadtests.open_loop.shape import ProfileShape
from patchbay_loadtests.open_loop.users import ArrivalUser
from patchbay_loadtests.open_loop.verifier import attach


class Shop(ArrivalUser):
    """A customer's shop."""


class Load(ProfileShape):
    """The profile's rate as a number of users."""


events.init_command_line_parser.add_listener(add_arguments)
events.init.add_listener(attach)
