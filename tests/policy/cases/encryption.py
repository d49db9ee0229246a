"""Cases of the rules about encryption."""

from typing import Any

from patchbay_policies import tokens
from patchbay_policies.model import Resource

from tests.policy.case import Cases, bad, good, made
from tests.policy.cases.identity import document

KEY = "arn:aws:kms:eu-central-1:111122223333:key/data"
COPY = made(tokens.DATABASE, "reader", {"replicateSourceDb": "writer"})
BUCKET = made(tokens.BUCKET, "payloads")


def volumes(**ebs: Any) -> Resource:
    return made(tokens.LAUNCH_TEMPLATE, props={"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": ebs}]})


def listener(**props: Any) -> Resource:
    return made(tokens.LISTENER, props=props)


def search(**props: Any) -> Resource:
    usual = {
        "nodeToNodeEncryption": {"enabled": True},
        "domainEndpointOptions": {"enforceHttps": True, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"},
    }
    return made(tokens.SEARCH, props={**usual, **props})


def parameters(value: str) -> Resource:
    return made(
        tokens.DATABASE_PARAMETERS, props={"parameters": [{"name": "require_secure_transport", "value": value}]}
    )


def bucket_encryption(algorithm: str) -> Resource:
    rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}}
    return made(tokens.BUCKET_ENCRYPTION, props={"rules": [rule]}, refers={"bucket": BUCKET})


def bucket_policy(effect: str, condition: dict[str, Any]) -> Resource:
    statement = {"Effect": effect, "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition}
    return made(tokens.BUCKET_POLICY, props={"policy": document(statement)}, refers={"bucket": BUCKET})


CASES = {
    "encrypted-at-rest": Cases(
        good=[
            good(made(tokens.DATABASE, props={"storageEncrypted": True})),
            good(COPY),
            good(made(tokens.CACHE, props={"atRestEncryptionEnabled": True})),
            good(made(tokens.SEARCH, props={"encryptAtRest": {"enabled": True}})),
            good(volumes(encrypted="true")),
        ],
        bad=[
            bad(made(tokens.DATABASE, props={"storageEncrypted": False}), says="storageEncrypted"),
            bad(made(tokens.CACHE), says="atRestEncryptionEnabled"),
            bad(made(tokens.SEARCH), says="encryptAtRest.enabled"),
            bad(made(tokens.VOLUME), says="encrypted is not on"),
            bad(volumes(encrypted="false"), says="blockDeviceMappings"),
            bad(volumes(volumeType="gp3"), says="blockDeviceMappings"),
            bad(made(tokens.LAUNCH_TEMPLATE), says="the image's unencrypted volume"),
        ],
    ),
    "encrypted-with-a-key-of-ours": Cases(
        good=[
            good(made(tokens.DATABASE, props={"kmsKeyId": KEY})),
            good(COPY),
            good(made(tokens.CLUSTER, props={"encryptionConfig": {"provider": {"keyArn": KEY}}})),
            good(made(tokens.TOPIC, props={"kmsMasterKeyId": KEY})),
        ],
        bad=[
            bad(made(tokens.DATABASE), says="kmsKeyId"),
            bad(made(tokens.CACHE), says="kmsKeyId"),
            bad(made(tokens.SEARCH, props={"encryptAtRest": {"enabled": True}}), says="encryptAtRest.kmsKeyId"),
            bad(made(tokens.CLUSTER), says="encryptionConfig.provider.keyArn"),
            bad(made(tokens.LOG_GROUP), says="kmsKeyId"),
            bad(made(tokens.SECRET), says="kmsKeyId"),
            bad(made(tokens.TOPIC, props={"kmsMasterKeyId": "alias/aws/sns"}), says="kmsMasterKeyId"),
        ],
    ),
    "encrypted-in-transit": Cases(
        good=[
            good(made(tokens.CACHE, props={"transitEncryptionEnabled": True, "transitEncryptionMode": "required"})),
            good(search()),
            good(parameters("1")),
            good(made(tokens.DATABASE, props={"parameterGroupName": "patchbay-dev"})),
            good(listener(protocol="HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06")),
            good(listener(protocol="HTTP", defaultActions=[{"type": "redirect", "redirect": {"protocol": "HTTPS"}}])),
        ],
        bad=[
            bad(made(tokens.CACHE), says="transitEncryptionEnabled"),
            bad(
                made(tokens.CACHE, props={"transitEncryptionEnabled": True, "transitEncryptionMode": "preferred"}),
                says="clients go without TLS",
            ),
            bad(search(nodeToNodeEncryption={"enabled": False}), says="nodeToNodeEncryption"),
            bad(search(domainEndpointOptions={"enforceHttps": False}), says="enforceHttps"),
            bad(
                search(domainEndpointOptions={"enforceHttps": True, "tlsSecurityPolicy": "Policy-Min-TLS-1-0-2019-07"}),
                says="tlsSecurityPolicy",
            ),
            bad(parameters("0"), says="require_secure_transport"),
            bad(made(tokens.DATABASE_PARAMETERS), says="require_secure_transport"),
            bad(made(tokens.DATABASE), says="parameterGroupName"),
            bad(listener(protocol="HTTPS", sslPolicy="ELBSecurityPolicy-2016-08"), says="sslPolicy"),
            bad(listener(protocol="HTTPS"), says="sslPolicy"),
            bad(listener(protocol="HTTP", defaultActions=[{"type": "forward"}]), says="without redirecting"),
        ],
    ),
    "keys-rotate": Cases(
        good=[
            good(made(tokens.KEY, props={"enableKeyRotation": True})),
            good(made(tokens.KEY, props={"keyUsage": "SIGN_VERIFY"})),
        ],
        bad=[bad(made(tokens.KEY), says="enableKeyRotation")],
    ),
    "buckets-encrypted": Cases(
        good=[
            good(BUCKET, bucket_encryption("aws:kms")),
            good(
                BUCKET,
                bucket_encryption("AES256"),
                made(tokens.LOAD_BALANCER, "edge", refers={"accessLogs": [BUCKET]}),
            ),
            good(
                BUCKET,
                bucket_encryption("AES256"),
                made(tokens.BUCKET_LOGGING, "logging", refers={"targetBucket": BUCKET}),
            ),
        ],
        bad=[
            bad(BUCKET, says="no BucketServerSideEncryptionConfiguration"),
            bad(BUCKET, bucket_encryption("AES256"), says="AES256"),
        ],
    ),
    "buckets-only-by-tls": Cases(
        good=[
            good(BUCKET, bucket_policy("Deny", {"Bool": {"aws:SecureTransport": "false"}})),
            good(BUCKET, bucket_policy("Deny", {"Bool": {"aws:SecureTransport": False}})),
        ],
        bad=[
            bad(BUCKET, says="denies requests without TLS"),
            bad(BUCKET, bucket_policy("Allow", {"Bool": {"aws:SecureTransport": "false"}}), says="denies"),
            bad(BUCKET, bucket_policy("Deny", {"Bool": {"aws:SecureTransport": "true"}}), says="denies"),
        ],
    ),
}
