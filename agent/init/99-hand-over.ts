import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";

/** In the order in which they can go: /proc last, because umount looks there. */
const boundFileSystems = ["/dev", "/run", "/sys", "/proc"];

export const handOver: Step<Inputs<InitFacts>> = {
	name: "99-hand-over",
	summary: "takes away what stage 1 bound into the new root; the initramfs moves the real ones there",
	keys: [],
	plan: ({ facts }) =>
		facts.root.mountedAt === "/"
			? []
			: boundFileSystems.map((where) => ({ kind: "unmount", where }) as const),
};
