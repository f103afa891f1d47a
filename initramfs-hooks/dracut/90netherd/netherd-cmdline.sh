#!/bin/sh
# Tells dracut that root= is taken care of, sourced by its cmdline hook.

. /usr/share/netherd/boot.sh

if netherd_is_wanted; then
	# For dracut: what comes is no device to wait for.
	# shellcheck disable=SC2034
	root=netherd rootok=1 netroot=
fi
