"""Pods ask the name servers that the host asks."""

from patchbay_local.machine.network import upstream_nameservers


def test_name_servers_on_loopback_are_left_out_since_pods_cannot_reach_them() -> None:
    text = (
        "# comment\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver fe80::1\nsearch example.com\nnameserver\n"
    )
    assert [str(address) for address in upstream_nameservers(text)] == ["192.0.2.53"]
