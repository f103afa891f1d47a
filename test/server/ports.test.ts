import { expect, test } from "vitest";
import { parseSockets } from "../../server/ports.ts";

test("the table of ss", () => {
	const table = `udp   UNCONN 0      0            0.0.0.0%virbr0:67        0.0.0.0:*    users:(("dnsmasq",pid=22581,fd=3))
udp   UNCONN 0      0               [::]:69           [::]:*    users:(("in.tftpd",pid=7,fd=4))
udp   UNCONN 0      0      [fe80::1]%eth0:546          [::]:*
tcp   LISTEN 0      511         10.0.0.1:80        0.0.0.0:*    users:(("nginx",pid=9,fd=5),("nginx",pid=10,fd=5))
tcp   LISTEN 0      511                *:10809            *:*
`;
	expect(parseSockets(table)).toEqual([
		{
			protocol: "udp",
			address: "0.0.0.0",
			interfaceName: "virbr0",
			port: 67,
			owner: "dnsmasq, process 22581",
		},
		{ protocol: "udp", address: "::", interfaceName: undefined, port: 69, owner: "in.tftpd, process 7" },
		{ protocol: "udp", address: "fe80::1", interfaceName: "eth0", port: 546, owner: undefined },
		{ protocol: "tcp", address: "10.0.0.1", interfaceName: undefined, port: 80, owner: "nginx, process 9" },
		{ protocol: "tcp", address: "*", interfaceName: undefined, port: 10809, owner: undefined },
	]);
});
