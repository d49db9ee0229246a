"""How an operator reaches a cluster."""

import pulumi


def kubeconfig(
    name: pulumi.Input[str],
    *,
    region: str,
    endpoint: pulumi.Input[str],
    certificate_authority: pulumi.Input[str],
) -> pulumi.Output[str]:
    """JSON that holds no credential: kubectl asks the AWS CLI for one, as whoever runs it."""
    arguments = ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"]
    return pulumi.Output.json_dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [
                {
                    "name": name,
                    "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority},
                }
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "users": [
                {
                    "name": name,
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": "aws",
                            "args": arguments,
                            "interactiveMode": "Never",
                        }
                    },
                }
            ],
        }
    )


def kubeconfig_command(name: pulumi.Input[str], *, region: str) -> pulumi.Output[str]:
    """Writes the same into the operator's own kubeconfig file."""
    return pulumi.Output.concat("aws eks update-kubeconfig --region ", region, " --name ", name)
