#!/usr/bin/env bash
# Installs Debian packages that are missing. Arguments: command:package pairs. Quick when all commands are there.
set -euo pipefail
missing=()
for pair in "$@"; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
[ ${#missing[@]} -gt 0 ] || exit 0
sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)
if ! command -v apt-get >/dev/null || { [ ${#sudo[@]} -gt 0 ] && ! command -v sudo >/dev/null; }; then
  echo "install these first (Debian's names): ${missing[*]}" >&2
  exit 1
fi
echo "installing Debian packages: ${missing[*]} (a minute or two)"
"${sudo[@]}" apt-get update -qq
# A redis-server that the package starts on port 6379 is not needed: tests and the demo start their own.
"${sudo[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
