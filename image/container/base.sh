#!/bin/sh
# The base system of the nodes, in a build of a container: what the lists beside this script name, without documentation.
set -eu
lists=$(dirname "$0")

# Packages start their services when they are installed; nothing is to run here (invoke-rc.d(8)).
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d

# Licences stay with what they license.
cat >/etc/dpkg/dpkg.cfg.d/netherd <<-EOF
	path-exclude=/usr/share/man/*
	path-exclude=/usr/share/info/*
	path-exclude=/usr/share/locale/*
	path-exclude=/usr/share/lintian/*
	path-exclude=/usr/share/doc/*
	path-include=/usr/share/doc/*/copyright
EOF

# Firmware of network cards is in an archive area that Debian's own container images leave out.
# shellcheck source=/dev/null
. /etc/os-release
if [ "$ID" = debian ]; then
	components=$(tr '\n' ' ' <"$lists/components" | sed 's/ $//')
	for file in /etc/apt/sources.list.d/*.sources; do
		[ ! -e "$file" ] || sed -i "s/^Components:.*/Components: $components/" "$file"
	done
fi

# The initramfs is made later, once, with the agent in it (kernel-img.conf(5)).
export INITRD=No DEBIAN_FRONTEND=noninteractive
apt-get update -qq
xargs apt-get install -qq -y --no-install-recommends <"$lists/packages"
ls /boot/vmlinuz-* >/dev/null || {
	echo "base.sh: no kernel in /boot: the recipe's kernel must be a package that depends on one" >&2
	exit 1
}
apt-get clean
