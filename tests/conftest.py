"""What holds for every test; each concern is a plugin of its own below `harness/`."""

pytest_plugins = (
    "tests.harness.endings",
    "tests.harness.garbage",
    "tests.harness.groups",
    "tests.harness.phases",
    "tests.harness.servers",
    "tests.harness.skips",
)
