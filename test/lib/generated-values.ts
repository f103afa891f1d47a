import fc from "fast-check";
import type { KeyDefinition, KeyType } from "../../agent/config/keys.ts";

/** Texts that would do harm in a command, a path, a unit or a table, were they put there as they are. */
export const oddValues: fc.Arbitrary<string> = fc.oneof(
	fc.constantFrom(
		"../../etc/passwd",
		"/../../etc/passwd",
		"..",
		".",
		"/",
		"//",
		"/etc/hosts",
		"a;reboot",
		"$(reboot)",
		"`reboot`",
		"a b c d e f g h",
		"'",
		"x'y",
		'x"y',
		"a|b",
		"a&b",
		"a>b",
		"a\\",
		"%n",
		"-rf",
		"--help",
		"*",
		"systemd-*",
		"~root",
		"{secret:x}",
		"abcdef.0123456789abcdef",
		"NONE x",
		"\u00a0",
		"ž 🐄",
		"=",
		"x=",
		"=x",
		"a=b=c",
		"vm=1",
		"/dev/sda1 /etc/hosts ext4 defaults 0 0",
		"/dev/sda1 /srv/\\056\\056/\\056\\056/etc ext4 defaults 0 0",
		"/dev/sda1 / ext4",
		"/dev/sda1 /etc/systemd/system/rc-local.service ext4",
		"LABEL=x /run/netherd/init/preinit.sh ext4",
		"LABEL=x /srv ext4 defaults 0 0 # the data",
		"LABEL=x /srv ext4 defaults zero 0",
		"LABEL=x",
		"none",
	),
	fc.string({ maxLength: 12 }),
	fc
		.array(
			fc.constantFrom("..", "/", ";", "$X", "'", " ", "a", ".", "%", "\\", "*", "|", "-", "=", ":", "#"),
			{
				maxLength: 8,
			},
		)
		.map((parts) => parts.join("")),
);

const words = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const hosts = fc.oneof(words, fc.constantFrom("10.9.0.53", "ntp.example.org", "2001:db8::1"));
const addresses = fc.constantFrom("10.9.0.53", "192.0.2.1", "2001:db8::53");
const wordLists = fc.array(words, { minLength: 1, maxLength: 3 }).map((list) => list.join(" "));
const hexadecimal = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const shellLines = fc
	.array(
		fc.constantFrom(
			"echo",
			"'single'",
			'"double"',
			"$HOSTNAME",
			"${SERVER}",
			"$(date)",
			"`date`",
			"\\n",
			"> /run/x",
			"| sort",
			"; true",
			"&& false",
			"# not a comment",
			"[ -e /x ]",
			"ž",
		),
		{ minLength: 1, maxLength: 6 },
	)
	.map((parts) => parts.join(" "));

const valid: Readonly<Record<KeyType, fc.Arbitrary<string>>> = {
	text: words,
	boolean: fc.constantFrom("true", "Y", "yes", "no", "FALSE", "0"),
	size: fc.constantFrom("1G", "700M", "25%", "2 GiB", "1073741824"),
	duration: fc.constantFrom("10", "5s", "2m", "1h", "500ms"),
	choice: fc.constant(""),
	"kernel-parameters": fc.constantFrom(
		"mitigations=off",
		"quiet isolcpus=2-5 console=ttyS0,115200",
		'dyndbg="file drivers/x.c +p" nosmt',
	),
	list: wordLists,
	services: wordLists,
	addresses: fc.array(addresses, { minLength: 1, maxLength: 3 }).map((list) => list.join(" ")),
	host: hosts,
	hosts: fc.array(hosts, { minLength: 1, maxLength: 3 }).map((list) => list.join(" ")),
	hostname: fc.oneof(words, fc.constantFrom("node7.farm.example", "N-7")),
	"hostname-part": fc.oneof(words, fc.constantFrom("ip", "mac", "Rack-7.A")),
	domains: fc.constantFrom("farm.example", "farm.example. example.org"),
	timezone: fc.constantFrom("UTC", "Europe/Prague", "America/Argentina/Buenos_Aires", "Etc/GMT+1"),
	"shell-line": shellLines,
	image: fc.constantFrom("node", "gpu/2026.11~rc1", "A_1/v1+2"),
	"image-sources": fc.constantFrom(
		"nbd://10.9.0.1/{name}/{version} http://mirror.example/{name}/{version}/image.squashfs",
		"https://[2001:db8::1]:8443/image, nbd://10.9.0.2:10810//opt/ltsp/amd64",
		"file:///dev/sda3 /srv/image.squashfs",
	),
	"time-limit": fc.constantFrom("10", "5s", "2m", "1h", "1500ms"),
	"small-number": fc.integer({ min: 1, max: 16 }).map(String),
	"fstab-line": fc
		.tuple(
			fc.constantFrom("/dev/data/logs", "LABEL=x", "10.9.0.7:/export", "UUID=12-34", "tmpfs"),
			fc.constantFrom("/srv/a", "/srv/a/b", "/var/lib/containerd", "/srv/with\\040blank", "/mnt/", "/"),
			fc.constantFrom("ext4", "nfs4", "tmpfs", "xfs"),
			fc.constantFrom("", " defaults", " nofail,noatime 0", " nofail 0 2"),
		)
		.map(([device, where, type, rest]) => `${device} ${where} ${type}${rest}`),
	"hosts-line": fc.constantFrom("10.9.0.8 registry.example registry", "2001:db8::8 v6", "# comment"),
	"cron-line": fc.constantFrom("0 4 * * 0 root fstrim --all", "@daily root /bin/true", "MAILTO=x", "# x"),
	module: fc.constantFrom("loop", "bonding mode=802.3ad miimon=100", "nf-conntrack"),
	sysctl: fc.constantFrom(
		"net.ipv4.ip_forward = 1",
		"-net/ipv4/conf/eth0.1/rp_filter=0",
		"kernel.core_pattern = |/usr/bin/keep cpu=%c",
		"vm.swappiness=1 fs.file-max=20",
	),
	"ssh-key": words.map((name) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExample ${name}@example.org`),
	"password-hash": hexadecimal(22).map((hash) => `$6$salt$${hash}`),
	endpoints: fc.constantFrom("10.9.0.20:6443", "api.example:443 10.9.0.21:6443", "[2001:db8::20]:6443"),
	"bootstrap-token": fc.tuple(hexadecimal(6), hexadecimal(16)).map((halves) => halves.join(".")),
	"ca-cert-hashes": hexadecimal(64).map((hash) => `sha256:${hash}`),
	path: fc.constantFrom("/etc/kubernetes/join.yaml", "/run/secrets/token", "/srv/patches/"),
	"node-name": fc.constantFrom("node7", "node7.farm.example", "7"),
	"node-addresses": fc.constantFrom("10.9.0.7", "10.9.0.7,2001:db8::7", "2001:db8::7 10.9.0.7", "::"),
	"cri-socket": fc.constantFrom("unix:///run/containerd/containerd.sock", "/run/crio/crio.sock"),
	label: words.map((key) => `example.org/${key}=is-${key}`),
	taint: fc.constantFrom("gpu=yes:NoSchedule", "gpu:NoExecute", "example.org/x=:PreferNoSchedule"),
	argument: fc.constantFrom("max-pods=60", "v=2", "feature-gates=A=true,B=false"),
};

/** A value of the right form. */
export function validValue({ type, choices = [] }: KeyDefinition): fc.Arbitrary<string> {
	return type === "choice" ? fc.constantFrom(...choices) : valid[type];
}
