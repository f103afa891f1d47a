#!/bin/sh
# Installs the npm packages when they are missing or older than package-lock.json. Plain sh, because the Node that runs
# everything else is itself one of those packages.
set -eu
cd "$(dirname "$0")/.."

[ -e node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] && exit 0

command -v npm >/dev/null || { echo "netherd needs npm: apt-get install npm" >&2; exit 1; }
echo "setup: installing npm packages (once)"
npm ci --cache .cache/npm --no-audit --no-fund --loglevel=error
touch node_modules/.package-lock.json
