"""Load balancers and their listeners: what moto gets wrong of them, and what is refused."""

from patchbay_standins.aws.operations.elbv2 import balancers, listeners
from patchbay_standins.aws.operations.elbv2.api import SERVICE

__all__ = ["SERVICE", "balancers", "listeners"]
