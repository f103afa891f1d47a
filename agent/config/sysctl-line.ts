import type { Reading } from "./values.ts";

/** A kernel parameter and what it is set to. */
export interface KernelParameter {
	/** `net.ipv4.ip_forward`, `net/ipv4/conf/eth0.1/rp_filter`; a leading dash: a failure does not matter (sysctl.d(5)). */
	readonly name: string;
	readonly value: string;
}

/**
 * The folders of /proc/sys (Documentation/admin-guide/sysctl). Within a value only these start a further pair, so that
 * `kernel.core_pattern = |/usr/bin/keep cpu=%c` stays one.
 */
const furtherPair =
	/\s+(?=-?(?:abi|crypto|debug|dev|fs|kernel|net|sunrpc|user|vm)[./][\w./*:@-]*\s*=)|\s*;\s*/;

const parameterName = /^-?\w[\w*:@-]*(?:[./][\w*:@-]+)+$/;

/** Reads `name = value`; a value may hold several pairs. */
export function readKernelParameters(text: string): Reading<readonly KernelParameter[]> {
	const parameters: KernelParameter[] = [];
	for (const pair of text.trim().split(furtherPair)) {
		const [, name = "", value = ""] = /^([^=]*?)\s*=\s*(.*)$/s.exec(pair) ?? [];
		if (value === "" || /[\n\r]/.test(value)) return { problem: `${pair} is not name = value` };
		if (!parameterName.test(name)) return { problem: `${name} is not the name of a kernel parameter` };
		parameters.push({ name, value });
	}
	return { value: parameters };
}
