"""IAM: the audiences of an OIDC provider, which moto cannot change."""

from typing import Final

from moto.iam.models import OpenIDConnectProvider, iam_backends

from patchbay_standins.aws.service import Call, Result, Service

SERVICE: Final = Service("iam")


@SERVICE.operation("AddClientIDToOpenIDConnectProvider")
def add_client_id(call: Call) -> Result:
    provider = _provider(call)
    if call["ClientID"] not in provider.client_id_list:
        provider.client_id_list.append(call["ClientID"])
    return {}


@SERVICE.operation("RemoveClientIDFromOpenIDConnectProvider")
def remove_client_id(call: Call) -> Result:
    provider = _provider(call)
    provider.client_id_list = [name for name in provider.client_id_list if name != call["ClientID"]]
    return {}


def _provider(call: Call) -> OpenIDConnectProvider:
    return iam_backends[call.account]["aws"].get_open_id_connect_provider(call["OpenIDConnectProviderArn"])
