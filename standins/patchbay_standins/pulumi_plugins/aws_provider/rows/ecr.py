"""ECR: repositories of images, their lifecycle, the registry's scanning."""

from patchbay_standins.pulumi_plugins.aws_provider.fields import document
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

_ARN = {"resourceArn": "arn:aws:ecr:{region}:{account}:repository/{id}"}

ROWS = (
    Row(
        "aws:ecr/repository:Repository",
        "ecr",
        create=Call("create_repository", at="repository"),
        id="{name}",
        read=Call("describe_repositories", {"repositoryNames": ["{id}"]}, at="repositories[0]"),
        updates=(
            Update(
                ("imageTagMutability", "imageTagMutabilityExclusionFilters"),
                Call("put_image_tag_mutability", {"repositoryName": "{id}"}),
            ),
            Update(
                ("imageScanningConfiguration",), Call("put_image_scanning_configuration", {"repositoryName": "{id}"})
            ),
        ),
        delete=Call("delete_repository", {"repositoryName": "{id}", "force": "{forceDelete}"}),
        fields=(
            Field("name", aws="repositoryName"),
            Field("forceDelete", aws="", default=False),
            Field("imageTagMutability", default="MUTABLE"),
        ),
        outputs={"arn": "{repositoryArn}", "repositoryUrl": "{repositoryUri}"},
        tags=Tags(
            create="tags",
            tag=Call("tag_resource", _ARN),
            untag=Call("untag_resource", _ARN),
            read=Call("list_tags_for_resource", _ARN),
        ),
        options=("forceDelete",),
        required=("name",),
    ),
    Row(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "ecr",
        create=Call("put_lifecycle_policy"),
        id="{repository}",
        read=Call("get_lifecycle_policy", {"repositoryName": "{id}"}),
        updates=(Update(("policy",), Call("put_lifecycle_policy")),),
        delete=Call("delete_lifecycle_policy", {"repositoryName": "{id}"}),
        fields=(Field("repository", aws="repositoryName"), document("policy", aws="lifecyclePolicyText")),
        name="repository",
    ),
    Row(
        "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        "ecr",
        create=Call("put_registry_scanning_configuration"),
        id="{account}",
        read=Call("get_registry_scanning_configuration"),
        updates=(Update(("rules", "scanType"), Call("put_registry_scanning_configuration")),),
        # A registry always has one; this is what it begins with.
        delete=Call("put_registry_scanning_configuration", {"scanType": "BASIC", "rules": []}),
        fields=(
            Field("scanType", read="scanningConfiguration.scanType"),
            Field("rules", read="scanningConfiguration.rules"),
        ),
        name="scanType",
    ),
)
