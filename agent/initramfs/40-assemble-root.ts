import type { InitramfsFacts } from "../facts/facts.ts";
import { readOnlyAlias, readOnlyMount, writableAlias, writableMount } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Operation } from "../plan/operation.ts";
import type { Step } from "../plan/step.ts";
import { moveWholeRoot } from "./whole-root.ts";

const upper = `${writableMount}/upper`;
const work = `${writableMount}/work`;
const kernelFileSystems = ["/dev", "/proc", "/sys", "/run"];

export const assembleRoot: Step<Inputs<InitramfsFacts>> = {
	name: "40-assemble-root",
	summary:
		"lays a writable tmpfs of bounded size over the image: the new root; or moves a whole root out of the initramfs into one",
	keys: ["OVERLAY_TMPFS_SIZE"],
	plan: (inputs): readonly Operation[] => {
		const { newRoot, wholeRoot } = inputs.facts;
		return [
			...(wholeRoot === undefined
				? overlay(inputs)
				: [...moveWholeRoot(inputs, wholeRoot), ...ownView(newRoot)]),
			// Programs of the new root that stage 2 runs find what they expect; 99-hand-over takes these away again.
			...kernelFileSystems.map(
				(path) => ({ kind: "mount", what: path, where: `${newRoot}${path}`, type: "bind" }) as const,
			),
		];
	},
};

function overlay({ facts: { newRoot }, configuration }: Inputs<InitramfsFacts>): readonly Operation[] {
	const size = configuration.size("OVERLAY_TMPFS_SIZE") ?? { percent: 50 };
	return [
		{
			kind: "mount",
			what: "tmpfs",
			where: writableMount,
			type: "tmpfs",
			options: [`size=${"bytes" in size ? size.bytes : `${size.percent}%`}`, "mode=0755"],
			because: `OVERLAY_TMPFS_SIZE (${configuration.whence("OVERLAY_TMPFS_SIZE")})`,
		},
		{ kind: "makeDirectory", path: upper },
		{ kind: "makeDirectory", path: work, mode: "0700" },
		{
			kind: "mount",
			what: "overlay",
			where: newRoot,
			type: "overlay",
			// Documentation/filesystems/overlayfs.rst
			options: [`lowerdir=${readOnlyMount}`, `upperdir=${upper}`, `workdir=${work}`],
		},
		{ kind: "mount", what: readOnlyMount, where: `${newRoot}${readOnlyAlias}`, type: "bind" },
		{ kind: "mount", what: writableMount, where: `${newRoot}${writableAlias}`, type: "bind" },
	];
}

/** Lines of lts.conf find what lies below a volume of FSTAB_* at /rofs, as on nodes that have an image. */
function ownView(newRoot: string): readonly Operation[] {
	const where = `${newRoot}${readOnlyAlias}`;
	return [
		{ kind: "mount", what: newRoot, where, type: "bind" },
		// A bind mount gets options of its own only in a second step (mount(8)).
		{ kind: "mount", what: newRoot, where, type: "bind", options: ["remount", "ro"] },
	];
}
