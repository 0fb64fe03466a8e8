#!/bin/sh
# Write what is in IMAGES, as their build attached it: dist/NAME-linux-ARCH.spdx.json for each image and platform.
set -euf
cd "$(dirname "$0")/../.."
: "${IMAGES:?names whose contents are written, such as REGISTRY/aiops@sha256:DIGEST}"

mkdir -p dist
for image in $IMAGES; do
  name=${image%%@*}
  for arch in amd64 arm64; do
    file=dist/${name##*/}-linux-$arch.spdx.json
    docker buildx imagetools inspect "$image" --format "{{ json (index .SBOM \"linux/$arch\").SPDX }}" > "$file"
    grep -q '"spdxVersion"' "$file" || { echo "$image for linux/$arch does not say what is in it" >&2; exit 1; }
  done
done
