import type { Clock } from "#kernel/clock/clock.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { cancelDeployment, getDeployment, type Deployment } from "../api/deployments.ts";
import { listInstances, listProcessesOfApp, type Instance } from "../api/processes.ts";
import { minutesOf, type Environment } from "../environment.ts";
import { Failure } from "../failure.ts";
import { pollUntilDone } from "./long-poll.ts";

export interface StartContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly environment: Environment;
  /** Takes "Instances starting..." and what hinders an instance. */
  tell(line: string): void;
}

class StartTimeout extends Failure {
  constructor(appName: string) {
    super(
      `Start app timeout\n\nTIP: Application must be listening on the right port. Instead of hard coding the port, use the $PORT environment variable.\n\nUse 'rivera logs ${appName} --recent' for more information`,
    );
    this.name = "StartTimeout";
  }
}

export class AllInstancesCrashed extends Failure {
  constructor(appName: string) {
    super(`Start unsuccessful\n\nTIP: use 'rivera logs ${appName} --recent' for more information`);
    this.name = "AllInstancesCrashed";
  }
}

export interface Starting {
  readonly appGuid: string;
  readonly appName: string;
  /** The web process alone decides. */
  readonly noWait: boolean;
}

/** Waits until every process of the app has a running instance. */
export async function waitForStart(
  cc: CloudController,
  starting: Starting,
  context: StartContext,
): Promise<void> {
  const processes = await listProcessesOfApp(cc, starting.appGuid);
  const watched = starting.noWait ? processes.filter(({ type }) => type === "web") : processes;
  await waitForProcesses(
    cc,
    watched.map(({ guid }) => guid),
    { starting, context },
  );
}

/** Waits for a deployment, then for its processes; with `noWait` the deployment's own processes are enough. */
export async function waitForDeployment(
  cc: CloudController,
  deploymentGuid: string,
  { starting, context }: { readonly starting: Starting; readonly context: StartContext },
): Promise<void> {
  const limit = startupTimeout(context);
  const started = context.clock.now().getTime();
  const deployment = await pollUntilDone({
    ...timing(context),
    timeoutMs: limit,
    fetch: async () => refuseEnded(await getDeployment(cc, deploymentGuid)),
    isDone: (value) => starting.noWait || isDeployed(value),
    stateOf: ({ status }) => `${status.value} ${status.reason}`,
    onTimeout: () => new StartTimeout(starting.appName),
  }).catch(async (error: unknown) => {
    if (error instanceof StartTimeout) await cancelDeployment(cc, deploymentGuid);
    throw error;
  });
  const guids = starting.noWait
    ? (deployment.new_processes ?? []).map(({ guid }) => guid)
    : (await listProcessesOfApp(cc, starting.appGuid)).map(({ guid }) => guid);
  const used = context.clock.now().getTime() - started;
  await waitForProcesses(cc, guids, { starting, context, timeoutMs: Math.max(1, limit - used) });
}

async function waitForProcesses(
  cc: CloudController,
  guids: readonly string[],
  options: {
    readonly starting: Starting;
    readonly context: StartContext;
    readonly timeoutMs?: number;
  },
): Promise<void> {
  const { starting, context, timeoutMs = startupTimeout(options.context) } = options;
  const teller = new Teller(context);
  const deadline = context.clock.now().getTime() + timeoutMs;
  for (const guid of guids) {
    await pollUntilDone({
      ...timing(context),
      timeoutMs: deadline - context.clock.now().getTime(),
      fetch: async () => {
        const instances = await listInstances(cc, guid);
        teller.tell(describe(instances));
        if (isAllCrashed(instances)) throw new AllInstancesCrashed(starting.appName);
        return instances;
      },
      isDone: isUp,
      stateOf: (instances) => instances.map(({ state, details }) => `${state} ${details}`).join(),
      onTimeout: () => new StartTimeout(starting.appName),
    });
  }
}

const repeatMs = 3_000;

/** Says the same thing again only every three seconds, the pace of the official client. */
class Teller {
  readonly #context: StartContext;
  #last = "";
  #at = 0;

  constructor(context: StartContext) {
    this.#context = context;
  }

  tell(line: string): void {
    const now = this.#context.clock.now().getTime();
    if (line === this.#last && now - this.#at < repeatMs) return;
    this.#last = line;
    this.#at = now;
    this.#context.tell(line);
  }
}

function describe(instances: readonly Instance[]): string {
  const details = instances.find((instance) => (instance.details ?? "") !== "")?.details;
  return details === undefined ? "Instances starting..." : `Error starting instances: '${details}'`;
}

/** An empty list means that nothing is wanted. */
function isUp(instances: readonly Instance[]): boolean {
  return instances.length === 0 || instances.some(({ state }) => state === "RUNNING");
}

function isAllCrashed(instances: readonly Instance[]): boolean {
  return instances.length > 0 && instances.every(({ state }) => state === "CRASHED");
}

function isDeployed({ strategy, status }: Deployment): boolean {
  if (status.value === "FINALIZED" && status.reason === "DEPLOYED") return true;
  return strategy === "canary" && status.value === "ACTIVE" && status.reason === "PAUSED";
}

function refuseEnded(deployment: Deployment): Deployment {
  const { value, reason } = deployment.status;
  if (value === "FINALIZED" && reason === "CANCELED") {
    throw new Failure("Deployment has been canceled");
  }
  if (value === "FINALIZED" && reason === "SUPERSEDED") {
    throw new Failure("Deployment has been superseded");
  }
  return deployment;
}

function startupTimeout(context: StartContext): number {
  return minutesOf(context.environment, "CF_STARTUP_TIMEOUT", 5);
}

function timing({ clock, signal }: StartContext): { clock: Clock; signal: AbortSignal } {
  return { clock, signal };
}
