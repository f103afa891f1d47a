#!/bin/sh
# Unpacks the packages with boot loaders into the folder $1, which then looks like a root in which they are installed.
# What their programs and the next step need is installed.
set -eu
folder=$1
export DEBIAN_FRONTEND=noninteractive
apt-get install -qq -y --no-install-recommends squashfs-tools libdevmapper1.02.1 liblzma5
mkdir -p "$folder/packages"
cd "$folder/packages"
# As the user of this build: apt's own may not write here.
apt-get -o APT::Sandbox::User=root download ipxe shim-signed grub-efi-amd64-signed grub-pc-bin grub-common
for package in *.deb; do dpkg-deb --extract "$package" "$folder"; done
rm -rf "$folder/packages"
# For grub-mkimage.
ln -s /usr/lib64 "$folder/usr/lib64"
ln -s /usr/lib/x86_64-linux-gnu "$folder/usr/lib/x86_64-linux-gnu"
