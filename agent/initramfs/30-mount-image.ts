import type { InitramfsFacts } from "../facts/facts.ts";
import { imageFile, networkBlockDevice, readOnlyMount } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";

export const mountImage: Step<Inputs<InitramfsFacts>> = {
	name: "30-mount-image",
	summary: "mounts the image's squashfs read-only",
	keys: [],
	plan: ({ facts }) => {
		if (facts.wholeRoot !== undefined) return [];
		const what = facts.image === undefined ? networkBlockDevice : imageFile;
		const options = facts.image === undefined ? ["ro"] : ["ro", "loop"];
		return [{ kind: "mount", what, where: readOnlyMount, type: "squashfs", options }];
	},
};
