import type { InitramfsFacts } from "../facts/facts.ts";
import { imageFile, networkBlockDevice, readOnlyMount } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";

export const mountImage: Step<Inputs<InitramfsFacts>> = {
	name: "30-mount-image",
	summary: "mounts the image's squashfs read-only",
	keys: [],
	plan: ({ facts }) => [
		facts.image === undefined
			? { kind: "mount", what: networkBlockDevice, where: readOnlyMount, type: "squashfs", options: ["ro"] }
			: { kind: "mount", what: imageFile, where: readOnlyMount, type: "squashfs", options: ["ro", "loop"] },
	],
};
