import type { EnvironmentVariable, RunAction } from "#diego/models/action.ts";

/** The whole environment of a process of the container. */
export type ProcessEnvironment = (action: RunAction) => readonly EnvironmentVariable[];

export interface ContainerSurroundings {
  /** Of the container: below what the action says. */
  readonly container: readonly EnvironmentVariable[];
  /** Who the instance is; empty for a task. */
  readonly instance: InstanceIdentity | undefined;
  readonly address: string;
  readonly ports: readonly { readonly containerPort: number; readonly hostPort: number }[];
}

interface InstanceIdentity {
  readonly instanceGuid: string;
  readonly index: number;
}

/**
 * What the executor knows and the action cannot: the instance, its address and ports. The network's variables win over
 * the action's, and those over the container's. An app is reached at its container's own address, so that is both
 * CF_INSTANCE_IP and CF_INSTANCE_INTERNAL_IP, and a port has one number outside and in, unless the runtime has no
 * network of its own.
 */
export function processEnvironment(surroundings: ContainerSurroundings): ProcessEnvironment {
  const { instance } = surroundings;
  return (action) => {
    const variables = new Map<string, string>();
    const set = (list: readonly EnvironmentVariable[]) => {
      for (const { name, value } of list) {
        // Deleted first, so that the order of the list is the order of who had the last word.
        variables.delete(name);
        variables.set(name, value);
      }
    };
    set(surroundings.container);
    if (instance !== undefined) set(identityVariables(instance));
    set(action.env);
    set(networkVariables(surroundings));
    movePorts(variables, surroundings.ports);
    if (isLauncher(action)) completeVcapApplication(variables, instance);
    return [...variables].map(([name, value]) => ({ name, value }));
  };
}

function identityVariables({ instanceGuid, index }: InstanceIdentity): EnvironmentVariable[] {
  return [
    { name: "INSTANCE_GUID", value: instanceGuid },
    { name: "INSTANCE_INDEX", value: String(index) },
    { name: "CF_INSTANCE_GUID", value: instanceGuid },
    { name: "CF_INSTANCE_INDEX", value: String(index) },
  ];
}

function networkVariables({ address, ports }: ContainerSurroundings): EnvironmentVariable[] {
  const first = ports.at(0);
  const mappings = ports.map(({ containerPort, hostPort }) => ({
    external: hostPort,
    internal: containerPort,
  }));
  return [
    { name: "CF_INSTANCE_IP", value: address },
    { name: "CF_INSTANCE_INTERNAL_IP", value: address },
    { name: "CF_INSTANCE_PORT", value: first === undefined ? "" : String(first.hostPort) },
    {
      name: "CF_INSTANCE_ADDR",
      value: first === undefined ? "" : `${address}:${first.hostPort}`,
    },
    { name: "CF_INSTANCE_PORTS", value: JSON.stringify(mappings) },
  ];
}

/** Without a network of its own an app must listen on the port of the host that stands for its own. */
function movePorts(variables: Map<string, string>, ports: ContainerSurroundings["ports"]): void {
  for (const name of ["PORT", "VCAP_APP_PORT"]) {
    const port = ports.find(({ containerPort }) => variables.get(name) === String(containerPort));
    if (port !== undefined) variables.set(name, String(port.hostPort));
  }
}

/**
 * The original's launcher finishes VCAP_APPLICATION in the container. Ours is a shell script, so the cell does it: what
 * the script execs sees the same, keys sorted (docs/known-differences.md#launcher).
 */
function isLauncher(action: RunAction): boolean {
  return action.path === "/tmp/lifecycle/launcher";
}

function completeVcapApplication(
  variables: Map<string, string>,
  instance: InstanceIdentity | undefined,
): void {
  const application = parseObject(variables.get("VCAP_APPLICATION"));
  if (application === undefined) return;
  const port = /^\d+$/.test(variables.get("PORT") ?? "")
    ? Number(variables.get("PORT"))
    : undefined;
  const completed = {
    ...application,
    host: "0.0.0.0",
    instance_id: instance?.instanceGuid ?? "",
    ...(instance === undefined ? {} : { instance_index: instance.index }),
    ...(port === undefined ? {} : { port }),
  };
  const sorted = Object.entries(completed).sort(([a], [b]) => (a < b ? -1 : 1));
  variables.set("VCAP_APPLICATION", JSON.stringify(Object.fromEntries(sorted)));
}

function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined;
  } catch {
    // The original leaves what it cannot parse as it is.
    return undefined;
  }
}
