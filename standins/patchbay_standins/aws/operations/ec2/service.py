"""EC2 as an emulated service."""

from typing import Final

from patchbay_standins.aws.service import Service

SERVICE: Final = Service("ec2")
