#!/bin/sh
# Write KUBECONFIG_DATA to the file KUBECONFIG for its owner alone. A file that is there is not replaced: it may be yours.
set -euC
: "${KUBECONFIG:?names the file to write}"
: "${KUBECONFIG_DATA:?is empty: the environment has no secret KUBECONFIG (docs/delivery.md)}"
umask 077
printf '%s\n' "$KUBECONFIG_DATA" > "$KUBECONFIG"
