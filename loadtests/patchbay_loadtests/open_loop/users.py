"""The Locust user of an open load."""

import random
import time

import gevent
from locust import constant, task
from locust.env import Environment

from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.traffic.users import AccessUser
from patchbay_loadtests.open_loop.options import FLOW, given
from patchbay_loadtests.open_loop.sender import SENDER

REQUEST_SECONDS = 10.0


class ArrivalUser(AccessUser):
    """One order in `--user-seconds`, at moments that are fixed beforehand: an answer that is slow delays none.

    The number of users is therefore the rate; `constant_throughput` would wait for each answer and send less.
    """

    abstract = True
    wait_time = constant(0)
    # Open orders of one user at once.
    concurrency = 256
    connection_timeout = REQUEST_SECONDS
    network_timeout = REQUEST_SECONDS

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._options = given(environment.parsed_options)
        self._path = f"/hooks/{self._options.tenant}/{FLOW}"
        # Users that start together do not send together.
        self._due = time.time() + random.uniform(0, self._options.user_seconds)  # noqa: S311 - a phase, not a secret

    def access(self) -> Access:
        """With the secret that the verifier was told when it registered the flow."""
        return super().access().of_orders(SENDER.webhook_key)

    @task
    def keep_the_rate(self) -> None:
        """Wait for the next due moment, not for the answer."""
        gevent.sleep(max(0.0, self._due - time.time()))
        if SENDER.is_closed:
            gevent.sleep(1)
            return
        SENDER.send(
            self.client,
            self._path,
            due=self._due,
            parcels=1 if self._options.sink_url else 0,
            request=self.environment.events.request,
        )
        self._due += self._options.user_seconds
