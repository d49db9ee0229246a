"""The environment's names: the hosted zone, and a certificate for every tenant's name."""

import pulumi
from pulumi_aws import acm, route53

from patchbay_infra.context import Context
from patchbay_infra.edge.config import EdgeConfig


class Domain(pulumi.ComponentResource):
    """`wildcard`: every tenant's name. `certificate_arn` is known once the certificate is issued.

    `name_servers` is empty for an existing zone.
    """

    wildcard: str
    zone_id: pulumi.Output[str]
    name_servers: pulumi.Output[list[str]]
    certificate_arn: pulumi.Output[str]

    def __init__(self, name: str, config: EdgeConfig, *, context: Context, opts: pulumi.ResourceOptions) -> None:
        super().__init__("patchbay:infra:Domain", name, None, opts)
        self._name, self.wildcard = name, f"*.{config.domain}"
        self._child = pulumi.ResourceOptions(parent=self)
        if config.zone_id is None:
            zone = route53.Zone(
                name,
                name=config.domain,
                comment=f"Tenants of {context.name()}",
                tags=context.tags("edge"),
                # Another zone would have other name servers, which the parent domain does not know.
                opts=pulumi.ResourceOptions(parent=self, protect=context.production),
            )
            self.zone_id, self.name_servers = zone.zone_id, zone.name_servers.apply(list)
        else:
            self.zone_id, self.name_servers = pulumi.Output.from_input(config.zone_id), pulumi.Output.from_input([])
        self.certificate_arn = self._certificate(context)
        self.register_outputs(
            {"zoneId": self.zone_id, "nameServers": self.name_servers, "certificateArn": self.certificate_arn}
        )

    def _certificate(self, context: Context) -> pulumi.Output[str]:
        certificate = acm.Certificate(
            self._name,
            domain_name=self.wildcard,
            validation_method="DNS",
            tags=context.tags("edge"),
            opts=self._child,
        )
        asked = certificate.domain_validation_options[0]
        proof = route53.Record(
            f"{self._name}-validation",
            zone_id=self.zone_id,
            name=asked.resource_record_name.apply(_present),
            type=asked.resource_record_type.apply(_present),
            records=[asked.resource_record_value.apply(_present)],
            ttl=300,
            opts=self._child,
        )
        validation = acm.CertificateValidation(
            self._name, certificate_arn=certificate.arn, validation_record_fqdns=[proof.fqdn], opts=self._child
        )
        return validation.certificate_arn


def _present(text: str | None) -> str:
    if text is None:
        raise ValueError("ACM told no validation record; refresh the stack and deploy again")
    return text
