import { expect, test } from "vitest";
import { checkPrivileges } from "../../server/privileges.ts";

const status = (effective: string) => `Name:\tnode\nCapInh:\t0000000000000000\nCapEff:\t${effective}\n`;

test("root has what is needed, and so has a container with NET_ADMIN", () => {
	expect(() => checkPrivileges(status("000001ffffffffff"))).not.toThrow();
	expect(() => checkPrivileges(status("00000000a80435fb"))).not.toThrow();
});

test("what is missing is named with its purpose", () => {
	expect(() => checkPrivileges(status("00000000a80425fb"))).toThrow(
		expect.objectContaining({
			code: "server.privileges-missing",
			message: "the companion lacks privileges: CAP_NET_ADMIN (DHCP on one interface)",
		}),
	);
	expect(() => checkPrivileges(status("0000000000000000"))).toThrow(/CAP_KILL.*CAP_NET_RAW/);
});
