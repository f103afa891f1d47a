import { expect, test } from "vitest";
import { outdatedDocuments } from "../tools/documents.ts";

test("the generated parts of the documents are up to date (node tools/documents.ts writes them)", () => {
	expect([...outdatedDocuments().keys()]).toEqual([]);
});
