import { recipeNames } from "./recipe.ts";
import { defaultSigningKeyFile } from "./signing-key.ts";

/** `image --help`. */
export function overview(): string {
	return `image: builds the root image that netherd's nodes run, and the boot tree that companion serves

  image build [SOURCE]      build an image and put it into a boot tree
  image build --help        the options, the recipe's keys, and what is built
  image sign PATH...        sign image.json and lts.conf, which nodes use only when they are signed
  image keygen [FILE]       make a key for that; build makes one where there is none

Try it:  sudo npm run image -- build
`;
}

/** `image build --help`. */
export function buildHelp(): string {
	return `image build [SOURCE] [--recipe NAME|FILE] [--out DIR] [--name NAME] [--key FILE] [--trust FILE]...
            [--files FOLDER]... [--exclude PATH]... [--tag NAME] [--kernel RELEASE]
            [--level N | --fast] [--loaders debian|none|ROOT] [--renew-packages] [--keep N]

Takes the root of a system, adds the agent and its initramfs hook, and packs the result. SOURCE is
  a recipe             Debian, which it installs (mmdebstrap): ${recipeNames().join(", ")}, or an ini file (default: metal)
  a folder             the root of a system: a chroot, a container's file system; it is only read
  a tar archive        of such a root: docker export, buildah unshare tar; plain, or packed by gzip, zstd, xz, bzip2
  a container image    an OCI layout (a folder), or an archive of buildah push oci-archive:FILE or docker save

Out of it come kernel, initramfs and root image:

  DIR/images/NAME/VERSION/   vmlinuz, initramfs.img, image.squashfs, image.json (sizes and SHA-256),
                             image.json.sig
  DIR/images/NAME/current    points to the newest version, moved when that is complete
  DIR/loader/                iPXE (undionly.kpxe, snponly.efi) and GRUB (core.0, shimx64.efi, grubx64.efi)

DIR/lts.conf, the farm's configuration, is yours: the build does not touch it.
Prints the version's folder on standard output, progress on standard error. Needs root.

Options
  --recipe NAME|FILE   the same as a recipe for SOURCE; with another SOURCE, what the recipe says about the image:
                       name, files, mask, levels
  --out DIR            the boot tree (default: .cache/boot-tree in the repository)
  --files FOLDER       laid over the root, after the recipe's own files; may be given several times
  --exclude PATH       leave this out, besides host keys, machine id, caches and logs; * stands for any part of a
                       name: /opt/src, '/usr/share/doc/*'; may be given several times. For a SOURCE that is no recipe
  --tag NAME           the image, when such a SOURCE has several
  --kernel RELEASE     the kernel, when such a SOURCE has several (default: the newest)
  --name NAME          another name for the image than the recipe's
  --key FILE           private key that signs image.json; nodes of this image trust it
                       (default: ${defaultSigningKeyFile}; made when it is not there)
  --trust FILE         a public key that they trust as well; may be given several times
  --format WHAT        squashfs (the default): nodes fetch the root; initramfs: the whole root is in the initramfs, and
                       nodes need no image server (docs/whole-root.md)
  --level N            zstd level of the root image, 1 (quick, large) to 22 (slow, small)
  --fast               quick compression of image and initramfs, for trying things out: a larger image
  --loaders WHAT       the boot loaders in DIR/loader: debian (the default: of the recipe's release), none, or ROOT, a
                       root in which their packages are installed: / in a container
  --renew-packages     install the packages anew: Debian's updates since the last build
  --keep N             versions that stay in DIR (default 3; 0: all); the current one, the one before, and
                       those that nodes use or are pinned to always stay

A recipe is an ini file:
  name = node                  the image's name
  suite = trixie               Debian release
  components = main            archive areas; firmware is in non-free-firmware
  mirror = URL                 default: where this machine's apt finds Debian
  kernel = linux-image-amd64   Debian package of the kernel
  packages = tcpdump nfs-common   besides those that every node has
  files = FOLDER               laid over the root: kubeadm, kubelet and what else Debian does not have
  mask = fwupd.service         systemd units that never start
  initramfs = initramfs-tools  what makes the initramfs; or dracut
  format = squashfs            or initramfs: the whole root in it
  squashfs-level = 15          zstd, 1 to 22
  initramfs-level = 19         zstd, 1 to 19
  stand-in-kubeadm = no        tests only
  test-channel = no            tests only: a root shell without a password

Of a recipe, only what changed is built again: packages, agent and image are cached in .cache by their inputs.
The same source gives the same bytes; with SOURCE_DATE_EPOCH set, image.json and the version's name are the same, too.

Examples
  image build --recipe test                         the image of the tests, into .cache
  image build /srv/chroot --out /srv/netherd        a root file system that is there
  image build --out /srv/netherd                    for real machines
  image build --recipe ./farm.conf --out /srv/netherd --renew-packages
`;
}

/** `image keygen --help`. */
export function keygenHelp(): string {
	return `image keygen [FILE]

Makes an Ed25519 key pair: the private key in FILE, which only its owner can read, and the public one beside it, as
NAME.pub.pem for NAME.pem. Overwrites nothing. Prints the key's id and both paths. Default: ${defaultSigningKeyFile}

Whoever has the private key decides what the nodes run. Without it nothing new can be signed for nodes that trust only it:
keep a copy where it is safe.
`;
}

/** `image sign --help`. */
export function signHelp(): string {
	return `image sign PATH... [--key FILE]

Signs what nodes use only when it is signed. PATH is
  a boot tree                lts.conf, and image.json of every version of every image
  a version's folder         its image.json
  image.json, lts.conf       this file; lts.conf.new, too

The signature goes into the file beside it, image.json.sig or lts.conf.sig, in one step. Signatures of other keys stay there:
sign with several keys one after the other. What is signed already stays as it is. After every change of lts.conf it has to
be signed anew, unless the companion does that ([signing] key).

Options
  --key FILE           the private key (default: ${defaultSigningKeyFile})

Examples
  image sign /srv/netherd
  image sign /srv/netherd/lts.conf --key new-key.pem
`;
}
