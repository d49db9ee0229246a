"""An ECR repository for each image."""

from collections.abc import Mapping
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context
from patchbay_infra.images.config import ImagesConfig

_SCANNING: Final[Mapping[str, tuple[Literal["BASIC", "ENHANCED"], Literal["SCAN_ON_PUSH", "CONTINUOUS_SCAN"]]]] = {
    "basic": ("BASIC", "SCAN_ON_PUSH"),
    "enhanced": ("ENHANCED", "CONTINUOUS_SCAN"),
}


class Images(pulumi.ComponentResource):
    """`repository_urls`: by image. `registry`: the host that they all are on.

    There are no repository policies: without one, only this account's identities reach an image, by their own rights.
    """

    repository_urls: Mapping[str, pulumi.Output[str]]
    registry: str

    def __init__(self, name: str, config: ImagesConfig, *, context: Context, opts: pulumi.ResourceOptions) -> None:
        super().__init__("patchbay:infra:Images", name, None, opts)
        self._name, self._context = name, context
        self.repository_urls = {image: self._repository(image, config).repository_url for image in config.names}
        self.registry = f"{context.account_id}.dkr.ecr.{context.region}.amazonaws.com"
        if config.registry_scanning != "none":
            scan_type, frequency = _SCANNING[config.registry_scanning]
            aws.ecr.RegistryScanningConfiguration(
                f"{name}-scanning",
                scan_type=scan_type,
                rules=[
                    aws.ecr.RegistryScanningConfigurationRuleArgs(
                        scan_frequency=frequency,
                        repository_filters=[
                            aws.ecr.RegistryScanningConfigurationRuleRepositoryFilterArgs(
                                filter="*", filter_type="WILDCARD"
                            )
                        ],
                    )
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"repositoryUrls": self.repository_urls, "registry": self.registry})

    def _repository(self, image: str, config: ImagesConfig) -> aws.ecr.Repository:
        child = pulumi.ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            f"{self._name}-{image}",
            name=self._context.name(image),
            # What a digest or a tag named once, it names for ever.
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS")],
            # One that still holds images is not deleted in production.
            force_delete=not self._context.production,
            tags=self._context.tags(image),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        aws.ecr.LifecyclePolicy(
            f"{self._name}-{image}",
            repository=repository.name,
            policy=_lifecycle(config),
            opts=child,
        )
        return repository


def _lifecycle(config: ImagesConfig) -> pulumi.Output[str]:
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": config.untagged_days,
    }
    beyond = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": config.kept}
    return pulumi.Output.json_dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "description": f"Drop what no tag names after {config.untagged_days} days",
                    "selection": untagged,
                    "action": {"type": "expire"},
                },
                {
                    "rulePriority": 2,
                    "description": f"Keep the last {config.kept}",
                    "selection": beyond,
                    "action": {"type": "expire"},
                },
            ]
        }
    )
