import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		include: ["test/**/*.test.ts"],
		// Real servers, mounts and namespaces on two cores: a limit against hanging, not a statement about speed.
		testTimeout: 180_000,
		hookTimeout: 300_000,
		expect: { poll: { timeout: 120_000 } },
		// What a failed assertion compared is to be found in a log of CI: 40 characters, the default, are not enough.
		chaiConfig: { truncateThreshold: 4_000 },
		// process.execPath must be the Node that is embedded, and worker threads can't enter a mount namespace.
		pool: "forks",
	},
});
