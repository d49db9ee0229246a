"""EC2 as an emulated service."""

from typing import Final

from patchbay_local.emulator.service import Service

SERVICE: Final = Service("ec2")
