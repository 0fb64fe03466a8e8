#!/bin/sh
# Print the Secret that the kustomize overlays need, with tokens and a password that nobody has to choose:
#   sh k8s/secret.sh | kubectl create -n aiops -f -
# `create` refuses to replace one that is there. The chart makes its own, unless `secret.existing` names one.
set -eu
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
token=$(random)
cat <<EOF
apiVersion: v1
kind: Secret
metadata:
  name: ${1:-aiops-secrets}
type: Opaque
stringData:
  alertmanager_token: $token
  engine_tokens: |
    operator: $(random)
    alertmanager: ingest: $token
  grafana_admin_password: $(random)
EOF
