#!/bin/sh
# In the place of a generator of systemd's that would wait for the device in root=: does nothing in a boot of netherd, and is
# that generator in any other.

. /usr/share/netherd/boot.sh

generator=/usr/lib/systemd/system-generators/${0##*/}
if netherd_is_wanted || [ ! -x "$generator" ]; then exit 0; fi
exec "$generator" "$@"
