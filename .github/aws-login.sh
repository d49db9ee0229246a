#!/usr/bin/env bash
# Exchanges the job's own token for a session of the role, and hands its keys to the steps that follow.
# Usage: aws-login.sh ROLE_ARN SECONDS
set -euo pipefail
role=$1 seconds=$2
: "${ACTIONS_ID_TOKEN_REQUEST_URL:?the job needs the permission id-token: write}"
# Tokens go by files that only this user reads: arguments are everybody's on a runner that is shared.
umask 077
files=$(mktemp --directory)
trap 'rm --recursive "$files"' EXIT
printf 'Authorization: bearer %s' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" > "$files/header"
curl --fail --silent --show-error --retry 3 --header "@$files/header" \
    "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" | jq --join-output .value > "$files/token"
# The keys of an earlier step would be tried first.
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
keys=$(aws sts assume-role-with-web-identity --role-arn "$role" --role-session-name "smoke-$GITHUB_RUN_ID" \
    --web-identity-token "file://$files/token" --duration-seconds "$seconds" --output json)
for pair in AWS_ACCESS_KEY_ID=AccessKeyId AWS_SECRET_ACCESS_KEY=SecretAccessKey AWS_SESSION_TOKEN=SessionToken; do
    value=$(jq --raw-output ".Credentials.${pair#*=}" <<< "$keys")
    echo "::add-mask::$value"
    echo "${pair%%=*}=$value" >> "$GITHUB_ENV"
done
