import packageDescription from "../package.json" with { type: "json" };

/** Of agent and companion alike: they are released together. */
export const agentVersion: string = packageDescription.version;
