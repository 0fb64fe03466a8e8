#!/bin/sh
# Refuse REGISTRY/aiops:IMAGE_TAG and its shop unless the workflow of REPOSITORY (OWNER/NAME) signed them, on main or for a
# release.
set -eu
: "${REGISTRY:?says where the images are, such as ghcr.io/OWNER}"
: "${REPOSITORY:?says who signed them: OWNER/NAME on GitHub}"
case ${IMAGE_TAG:-} in
  "" | *[!A-Za-z0-9._-]*) echo "IMAGE_TAG is '${IMAGE_TAG:-}', which is no tag" >&2; exit 1 ;;
esac

signer="^https://github\.com/$REPOSITORY/\.github/workflows/images\.yml@refs/(heads/main|tags/v[0-9.]+)$"
for name in aiops aiops-shop; do
  cosign verify "$REGISTRY/$name:$IMAGE_TAG" --certificate-identity-regexp "$signer" \
    --certificate-oidc-issuer https://token.actions.githubusercontent.com > /dev/null
done
