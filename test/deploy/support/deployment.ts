import type { KubernetesObject } from "./render-chart.ts";

export interface Probe {
	readonly httpGet: { readonly host: string; readonly path: string; readonly port: number };
}

/** What the tests look at in the Deployment. */
export interface Deployment extends KubernetesObject {
	readonly spec: {
		readonly template: {
			readonly spec: {
				readonly containers: readonly {
					readonly image: string;
					readonly command: readonly string[];
					readonly args: readonly string[];
					readonly securityContext: { readonly capabilities: { readonly add: readonly string[] } };
					readonly startupProbe: Probe;
					readonly readinessProbe: Probe;
					readonly livenessProbe: Probe;
					readonly volumeMounts: readonly {
						readonly name: string;
						readonly mountPath: string;
						readonly readOnly?: boolean;
					}[];
				}[];
				readonly volumes: readonly {
					readonly name: string;
					readonly configMap?: object;
					readonly secret?: { readonly secretName: string };
					readonly emptyDir?: object;
				}[];
			};
		};
	};
}

export function deploymentOf(objects: readonly KubernetesObject[]): Deployment {
	const found = objects.find(({ kind }) => kind === "Deployment");
	if (found === undefined) throw new Error("there is no Deployment");
	return found as Deployment;
}

/** An entry of the ConfigMap. */
export function textOf(objects: readonly KubernetesObject[], name: string): string | undefined {
	const map = objects.find(({ kind }) => kind === "ConfigMap");
	return (map?.data as Readonly<Record<string, string>> | undefined)?.[name];
}
