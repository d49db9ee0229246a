"""An AWS account on loopback: moto's server, with what moto lacks added, and a state that outlives it."""

from typing import Final

# Answers which account is served and where its state is kept; no bucket can have such a name.
IDENTITY_PATH: Final = "/_emulator/identity"
# Answers why the state could not be saved the last time, and nothing where it was.
SAVING_PATH: Final = "/_emulator/saving"
