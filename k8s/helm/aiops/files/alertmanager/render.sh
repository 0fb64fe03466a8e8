#!/bin/sh
# Print the configuration Alertmanager reads: alertmanager.yml with addresses from the environment. Needs sh and awk only,
# which the Alertmanager image has.
#
#   ENGINE_ALERTS_URL   where the engine takes alerts        (none: alerts go to people alone)
#   ENGINE_TOKEN_FILE   file with the engine's token         (none: the engine is open)
#   SLACK_URL_FILE      file with a Slack webhook's address  (none: no Slack)
#   SMTP_SMARTHOST SMTP_FROM SMTP_TO                         (none: no e-mail), host:port and addresses
#   SMTP_USERNAME SMTP_PASSWORD_FILE SMTP_REQUIRE_TLS        (none, none, true)
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
export TEMPLATES="${TEMPLATES:-$folder/templates}"
export SMTP_REQUIRE_TLS="${SMTP_REQUIRE_TLS:-true}"

exec awk '
  function fail(text) { print "render.sh: " text > "/dev/stderr"; failed = 1; exit 1 }
  $1 == "#" && $2 == "if" {
    depth++
    for (i = 3; i <= NF; i++) if (ENVIRON[$i] == "" && !left_out) left_out = depth
    next
  }
  $1 == "#" && $2 == "end" {
    if (left_out == depth) left_out = 0
    depth--
    next
  }
  left_out || $1 ~ /^#/ { next }
  {
    line = $0
    out = ""
    while (match(line, /\$\{[A-Z_]+\}/)) {
      name = substr(line, RSTART + 2, RLENGTH - 3)
      value = ENVIRON[name]
      if (value ~ /["\\\n]/) fail(name " holds a quote, a backslash or a line break, which an address never has")
      out = out substr(line, 1, RSTART - 1) value
      line = substr(line, RSTART + RLENGTH)
    }
    print out line
  }
  END { exit failed }
' "$folder/alertmanager.yml"
