import type { KubeletArgument } from "../config/join-values.ts";
import type { KubeadmApi } from "./kubeadm-api.ts";

/** An object of YAML or JSON. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a field such as `discovery.bootstrapToken.token`. */
export function valueAt(content: unknown, place: string): unknown {
	let value = content;
	for (const name of place.split(".")) {
		value = isMapping(value) && Object.hasOwn(value, name) ? value[name] : undefined;
	}
	return value;
}

export function mappingAt(content: unknown, place: string): Mapping | undefined {
	const value = valueAt(content, place);
	return isMapping(value) ? value : undefined;
}

export function textAt(content: unknown, place: string): string | undefined {
	const value = valueAt(content, place);
	return typeof value === "string" && value !== "" ? value : undefined;
}

/** kubeletExtraArgs in either form; undefined: in none of them. */
export function argumentsOf(value: unknown, { hasArgumentList }: KubeadmApi): KubeletArgument[] | undefined {
	if (value === undefined || value === null) return [];
	const pairs: [unknown, unknown][] | undefined = hasArgumentList
		? Array.isArray(value)
			? value.map((each) => [valueAt(each, "name"), valueAt(each, "value")])
			: undefined
		: isMapping(value)
			? Object.entries(value)
			: undefined;
	if (pairs === undefined) return undefined;
	const list: KubeletArgument[] = [];
	for (const [name, text] of pairs) {
		if (typeof name !== "string" || typeof text !== "string") return undefined;
		list.push({ name, value: text });
	}
	return list;
}

/** `a=b,c=d` of the kubelet's `--node-labels`, one by one. */
export function labelsIn(text: string): readonly string[] {
	return text.split(",").filter((each) => each !== "");
}
