/**
 * Names that `$NAME` in lts.conf may mean besides its keys, as in LTSP 5: what DHCP answered (klibc's ipconfig writes
 * these names) and where the root image comes from. They are in the environment of PREINIT, too.
 */
export const nodeFactNames: readonly string[] = [
	"IPV4ADDR",
	"IPV4NETMASK",
	"IPV4BROADCAST",
	"IPV4GATEWAY",
	"IPV4DNS0",
	"IPV4DNS1",
	"HOSTNAME",
	"DNSDOMAIN",
	"ROOTSERVER",
	"ROOTPATH",
	"DEVICE",
	"filename",
	"SERVER",
	"NBD_ROOT_HOST",
	"NBD_ROOT_PORT",
	"NBD_ROOT_NAME",
];
