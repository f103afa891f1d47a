#!/bin/sh
# The end of the nodes' system: installs kubelet, kubeadm and kubectl, and what they need, from the package repository $1,
# which /etc/apt/keyrings/kubernetes.asc signs. $2: a version or a pattern such as 1.34.1-*; empty: the newest.
set -eu
repository=$1 version=${2:+=$2}
list=/etc/apt/sources.list.d/kubernetes.list
echo "deb [signed-by=/etc/apt/keyrings/kubernetes.asc] $repository /" >"$list"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends "kubelet$version" "kubeadm$version" "kubectl$version"
# What the builder compiled is new to the kernel.
for folder in /usr/lib/modules/*; do depmod "${folder##*/}"; done
# A node installs nothing, and this may be an address that only the build reaches.
rm "$list"
