"""AWS is reached as the variables say that AWS' own tools read."""

from patchbay_operations.access import Access


def test_a_role_s_session_is_shown_with_its_token() -> None:
    variables = {"AWS_ACCESS_KEY_ID": "example", "AWS_SECRET_ACCESS_KEY": "example-too", "AWS_SESSION_TOKEN": "session"}
    access = Access.of_environment("eu-central-1", variables)
    shown = access.client("sts")._request_signer._credentials.get_frozen_credentials()
    assert (shown.access_key, shown.secret_key, shown.token) == ("example", "example-too", "session")
    assert "example-too" not in repr(access)


def test_keys_of_a_user_need_none() -> None:
    access = Access.of_environment("eu-central-1", {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
    assert access.client("sts")._request_signer._credentials.get_frozen_credentials().token is None
