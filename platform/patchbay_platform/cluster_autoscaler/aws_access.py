"""How the cluster autoscaler gets at AWS: by its pod's identity, or at an emulator's address."""

from typing import Final

from pulumi_kubernetes.core.v1 import EnvVarArgs

# What the program calls; it takes each service's address from the file only.
_SERVICES: Final = ("autoscaling", "ec2", "eks")
# An emulator asks for a key and takes any.
_ANY_KEY: Final = "emulated"


def cloud_config(endpoint: str, region: str) -> str:
    """The program's configuration file for AWS: where each service is, and which region requests are signed for."""
    return "\n".join(
        f'[ServiceOverride "{number}"]\n'
        f"  Service={service}\n  Region={region}\n  URL={endpoint}\n  SigningRegion={region}\n"
        for number, service in enumerate(_SERVICES, start=1)
    )


def environment(endpoint: str | None, region: str) -> list[EnvVarArgs]:
    """Of the AWS SDK."""
    variables = {"AWS_REGION": region}
    if endpoint:
        variables |= {
            # The list of instance types is asked for past the file.
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": _ANY_KEY,
            "AWS_SECRET_ACCESS_KEY": _ANY_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    return [EnvVarArgs(name=name, value=value) for name, value in variables.items()]
