import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { cachedBuild } from "../../../tools/cache.ts";
import { ensureDebianPackages } from "../../../tools/debian-packages.ts";
import { downloadPackages } from "../../../vm-tests/kubernetes/debian-archive.ts";
import type { KubernetesObject } from "./render-chart.ts";

/** The part of a JSON schema that Kubernetes' OpenAPI description uses. */
interface Schema {
	readonly $ref?: string;
	readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
	readonly format?: string;
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly required?: readonly string[];
	readonly items?: Schema;
	readonly additionalProperties?: Schema;
	readonly "x-kubernetes-group-version-kind"?: readonly {
		readonly group: string;
		readonly version: string;
		readonly kind: string;
	}[];
}

type Definitions = Readonly<Record<string, Schema>>;

/**
 * Every way in which an object differs from the schema that Kubernetes 1.20.2 publishes: unknown members, wrong types,
 * missing members. What schemas cannot say, such as which values go together, is not checked.
 */
export async function schemaProblems(object: KubernetesObject): Promise<string[]> {
	const definitions = await readDefinitions();
	const [version = "", group = ""] = object.apiVersion.split("/").reverse();
	const schema = Object.values(definitions).find((definition) =>
		definition["x-kubernetes-group-version-kind"]?.some(
			(each) => each.group === group && each.version === version && each.kind === object.kind,
		),
	);
	if (schema === undefined) return [`${object.apiVersion} ${object.kind}: no such kind`];
	return problemsOf(object, schema, `${object.kind} ${object.metadata.name}`, definitions);
}

function problemsOf(value: unknown, schema: Schema, path: string, definitions: Definitions): string[] {
	if (schema.$ref !== undefined) {
		const found = definitions[schema.$ref.replace("#/definitions/", "")];
		return found === undefined ? [`${path}: no ${schema.$ref}`] : problemsOf(value, found, path, definitions);
	}
	const wrong = [`${path}: ${JSON.stringify(value)} is not ${schema.format ?? schema.type}`];
	switch (schema.type) {
		case "string": {
			// Kubernetes' own way to say: a number or a text; quantities are texts or numbers, too.
			const isLenient = schema.format === "int-or-string";
			if (typeof value === "string" || (isLenient && Number.isInteger(value))) return [];
			return wrong;
		}
		case "integer":
			return Number.isInteger(value) ? [] : wrong;
		case "number":
			return typeof value === "number" ? [] : wrong;
		case "boolean":
			return typeof value === "boolean" ? [] : wrong;
		case "array":
			if (!Array.isArray(value)) return wrong;
			return value.flatMap((item, index) =>
				problemsOf(item, schema.items ?? {}, `${path}[${index}]`, definitions),
			);
		default:
			return isRecord(value) ? memberProblems(value, schema, path, definitions) : wrong;
	}
}

function memberProblems(
	value: Readonly<Record<string, unknown>>,
	{ properties, required = [], additionalProperties, type }: Schema,
	path: string,
	definitions: Definitions,
): string[] {
	// A schema without any says nothing about its members.
	if (properties === undefined && additionalProperties === undefined && type !== "object") return [];
	return [
		...required.filter((name) => value[name] === undefined).map((name) => `${path}.${name}: missing`),
		...Object.entries(value).flatMap(([name, member]) => {
			const schema = properties?.[name] ?? additionalProperties;
			return schema === undefined
				? [`${path}.${name}: no such member`]
				: problemsOf(member, schema, `${path}.${name}`, definitions);
		}),
	];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

let definitions: Definitions | undefined;

/** From Debian's source package of Kubernetes. */
async function readDefinitions(): Promise<Definitions> {
	if (definitions !== undefined) return definitions;
	const inputs = {
		files: ["test/deploy/support/kubernetes-schemas.ts", "vm-tests/kubernetes/debian-archive.ts"],
	};
	const { folder } = await cachedBuild("kubernetes-schemas", inputs, async (folder) => {
		await ensureDebianPackages(["debian-archive-keyring", "dpkg-dev", "xz-utils"], "read Kubernetes' source");
		const work = join(folder, "work");
		await downloadPackages([{ kind: "source", name: "kubernetes", suite: "bookworm" }], work);
		const [archive = ""] = globSync("kubernetes_*.orig.tar.*", { cwd: work });
		const member = "*/api/openapi-spec/swagger.json";
		await execa("tar", [
			...["--extract", "--file", join(work, archive), "--directory", folder],
			...["--strip-components=3", "--wildcards", "--occurrence=1", member],
		]);
		await execa("rm", ["-rf", work]);
	});
	definitions = JSON.parse(readFileSync(join(folder, "swagger.json"), "utf8")).definitions as Definitions;
	return definitions;
}
