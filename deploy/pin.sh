#!/bin/sh
# Look up what the images' tags mean today, and print them with their digests, for deploy/.env:
#
#   sh deploy/pin.sh >> deploy/.env
#
# Run it again, and put the new lines in place of the old ones, to take up security updates.
set -eu
for pair in PYTHON_IMAGE=python:3.11-slim POSTGRES_IMAGE=postgres:15 CADDY_IMAGE=caddy:2; do
  name=${pair%%=*} tag=${pair#*=}
  digest=$(docker buildx imagetools inspect "$tag" --format '{{.Manifest.Digest}}')
  case "$digest" in
    sha256:*) echo "$name=$tag@$digest" ;;
    *) echo "$tag: its digest cannot be looked up" >&2; exit 1 ;;
  esac
done
