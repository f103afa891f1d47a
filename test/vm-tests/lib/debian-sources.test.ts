import { expect, test } from "vitest";
import { releaseSources } from "../../../vm-tests/lib/debian-sources.ts";

test("the mirrors of main releases, each once, with the other release", () => {
	const targets = [
		"Debian|bookworm|http://mirror.example/debian/",
		"Debian|bookworm|http://mirror.example/debian/",
		"Debian|bookworm-updates|http://mirror.example/debian/",
		"Debian|bookworm-security|http://mirror.example/debian-security/",
		". nodistro|nodistro|https://node.example/",
		"",
	].join("\n");
	expect(releaseSources("trixie", targets)).toEqual(["deb http://mirror.example/debian/ trixie main"]);
	expect(releaseSources("trixie", "Ubuntu|noble|http://mirror.example/ubuntu/")).toEqual([]);
});
