#!/bin/sh
# Push the chart that `make chart-package` made to REGISTRY/charts, and print what to sign: image=NAME@sha256:DIGEST.
set -eu
cd "$(dirname "$0")/../.."
: "${REGISTRY:?says where the images are, such as ghcr.io/OWNER}"

version=$(sed -n 's/^version: //p' k8s/helm/aiops/Chart.yaml)
said=$(helm push "dist/aiops-$version.tgz" "oci://$REGISTRY/charts" 2>&1) || { echo "$said" >&2; exit 1; }
digest=$(echo "$said" | sed -n 's/^Digest: //p')
[ -n "$digest" ] || { echo "helm named no digest: $said" >&2; exit 1; }
echo "image=$REGISTRY/charts/aiops@$digest"
