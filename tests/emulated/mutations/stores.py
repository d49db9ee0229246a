"""What is done by hand to logs, buckets and listeners."""

from patchbay_operations.checks.facts import Facts

from tests.emulated.mutations.mutation import Mutation


def _plain_log(facts: Facts) -> None:
    facts.access.client("logs").disassociate_kms_key(
        logGroupName=f"/aws/eks/patchbay-{facts.environment}-shared/cluster"
    )


def _endless_log(facts: Facts) -> None:
    group = f"/aws/eks/patchbay-{facts.environment}-shared/cluster"
    facts.access.client("logs").delete_retention_policy(logGroupName=group)


def _old_tls(facts: Facts) -> None:
    elbv2 = facts.access.client("elbv2")
    (balancer,) = elbv2.describe_load_balancers(Names=[f"patchbay-{facts.environment}-edge"])["LoadBalancers"]
    for listener in elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
        if listener["Protocol"] == "HTTPS":
            elbv2.modify_listener(ListenerArn=listener["ListenerArn"], SslPolicy="ELBSecurityPolicy-2016-08")


def _payload_bucket(facts: Facts) -> str:
    buckets = facts.owned("s3", "list_buckets", "Buckets", "Name")
    return next(str(bucket["Name"]) for bucket in buckets if "payloads" in bucket["Name"])


def _public_bucket(facts: Facts) -> None:
    open_ = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
    facts.access.client("s3").put_public_access_block(
        Bucket=_payload_bucket(facts), PublicAccessBlockConfiguration=open_
    )


def _unblocked_bucket(facts: Facts) -> None:
    facts.access.client("s3").delete_public_access_block(Bucket=_payload_bucket(facts))


STORES = (
    Mutation("a log that is not encrypted", "dev", "encryption at rest", "/aws/eks/patchbay-dev-shared", _plain_log),
    Mutation("a listener with old TLS", "dev", "encryption in transit", "patchbay-dev-edge:443", _old_tls),
    Mutation("a bucket that can be public", "dev", "buckets", "objects-payloads", _public_bucket),
    Mutation("a bucket without a block", "dev", "buckets", "objects-payloads", _unblocked_bucket),
    Mutation("a log that is kept for ever", "dev", "retention", "/aws/eks/patchbay-dev-shared", _endless_log),
)
