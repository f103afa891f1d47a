import type { InitramfsFacts } from "../facts/facts.ts";
import { initramfsModules, networkBlockDeviceModule } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";

/** max_part=0: the export is one file system; without partitions udev has nothing to scan over the network. */
const networkBlockDeviceParameters = ["nbds_max=1", "max_part=0"];

export const loadModules: Step<Inputs<InitramfsFacts>> = {
	name: "10-load-modules",
	summary: "loads what the image needs: loop, squashfs, overlay (and nbd when it stays on the server)",
	keys: ["LTSP_NBD_TO_RAM"],
	plan: ({ facts }) =>
		facts.wholeRoot !== undefined
			? []
			: [
					...initramfsModules.map((name) => ({ kind: "loadModule", name }) as const),
					...(facts.image === undefined
						? [
								{
									kind: "loadModule",
									name: networkBlockDeviceModule,
									parameters: networkBlockDeviceParameters,
								} as const,
							]
						: []),
				],
};
