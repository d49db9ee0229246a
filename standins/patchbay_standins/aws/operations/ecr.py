"""ECR: a tag that must not move, which moto refuses with a code of its own."""

from typing import Any, Final

from moto.ecr.models import ecr_backends

from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Served, Service

SERVICE: Final = Service("ecr")


@SERVICE.operation("PutImage")
def put_image(call: Call) -> Served:
    repository: Any = ecr_backends[call.account][call.region].repositories.get(call["repositoryName"])
    tag = call.get("imageTag")
    if repository is None or tag is None or str(repository.image_tag_mutability) != "IMMUTABLE":
        return BY_MOTO
    for image in repository.images:
        if tag in image.image_tags and image.image_manifest != call["imageManifest"]:
            # The API reference on PutImage
            raise AwsError(
                "ImageTagAlreadyExistsException",
                f"The image tag '{tag}' already exists in the '{call['repositoryName']}' repository and cannot be "
                "overwritten because the repository is immutable.",
            )
    return BY_MOTO
