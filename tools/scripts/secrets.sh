#!/bin/sh
# Make what compose needs and nobody should choose: .env with Grafana's password, and the engine's tokens in .secrets/.
# What is there already is kept. To replace one, delete it and run this again.
set -eu
cd "$(dirname "$0")/../.."
umask 077

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

write() { # file and content: whole or not at all. Readable inside the containers, whose users have other numbers.
  printf '%s\n' "$2" > "$1.new"
  chmod 444 "$1.new"
  mv "$1.new" "$1"
}

touch .env
if ! grep -q '^GRAFANA_ADMIN_PASSWORD=.' .env; then
  { grep -v '^GRAFANA_ADMIN_PASSWORD=' .env || true; printf 'GRAFANA_ADMIN_PASSWORD=%s\n' "$(random)"; } > .env.new
  mv .env.new .env
  echo "made a password for Grafana's admin in .env" >&2
fi

mkdir -p .secrets # only its owner may look inside
if [ ! -s .secrets/engine_tokens ] || [ ! -s .secrets/alertmanager_token ]; then
  token=$(random)
  write .secrets/alertmanager_token "$token"
  write .secrets/engine_tokens "operator: $(random)
alertmanager: ingest: $token"
  echo "made tokens for the engine in .secrets/engine_tokens; yours is the operator's" >&2
fi
