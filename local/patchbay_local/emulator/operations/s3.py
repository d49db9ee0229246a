"""S3: versions can be deleted while versioning is suspended; moto deletes all of a key then, and fails at markers."""

from typing import Any, Final

from moto.s3.models import s3_backends

from patchbay_local.emulator.service import BY_MOTO, Call, Result, Served, Service

SERVICE: Final = Service("s3")


@SERVICE.operation("DeleteObjects")
def delete_objects(call: Call) -> Result | Served:
    bucket: Any = s3_backends[call.account]["aws"].get_bucket(call["Bucket"])
    wanted = call["Delete"]["Objects"]
    if bucket.versioning_status != "Suspended" or any("VersionId" not in item for item in wanted):
        return BY_MOTO
    for item in wanted:
        _delete_version(bucket.keys, item["Key"], item["VersionId"])
    return {} if call["Delete"].get("Quiet") else {"Deleted": list(wanted)}


def _delete_version(keys: Any, name: str, version: str) -> None:
    kept = [key for key in keys.getlist(name, []) if str(key.version_id or "null") != version]
    keys.setlist(name, kept)
    if not kept:
        dict.pop(keys, name)
