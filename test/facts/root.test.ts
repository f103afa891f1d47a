import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { gatherRoot } from "../../agent/facts/root.ts";

const root = mkdtempSync(join(tmpdir(), "netherd-facts-"));
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("folders of containers count when they have files in the image, wherever links lead in it", () => {
	mkdirSync(join(root, "var/lib/kubelet"), { recursive: true });
	mkdirSync(join(root, "srv/containers"), { recursive: true });
	writeFileSync(join(root, "srv/containers/layer"), "");
	symlinkSync("/srv/containers", join(root, "var/lib/containerd"));
	symlinkSync("/srv/docker", join(root, "var/lib/docker"));
	expect(gatherRoot(root)).toEqual({ mountedAt: root, units: [], filledFolders: ["/var/lib/containerd"] });
});

test("an image without any says nothing of them", () => {
	mkdirSync(root, { recursive: true });
	expect(gatherRoot(root)).toEqual({ mountedAt: root, units: [] });
});
