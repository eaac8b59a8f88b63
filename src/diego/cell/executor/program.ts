import type { Check } from "#diego/models/desired-lrp.ts";
import type { GuidSource } from "#kernel/guid.ts";
import type { RunRequest } from "./container.ts";
import {
  defaultIntervalMs,
  monitorStep,
  readinessStep,
  type HealthCheck,
} from "./health/monitor.ts";
import { probe } from "./health/probe.ts";
import { CapturedLogs } from "./logs/captured-logs.ts";
import { unobserved } from "./observation/observer.ts";
import { actionStep, processNames, type ActionParts } from "./steps/action-step.ts";
import { codependentStep } from "./steps/codependent.ts";
import { serialStep } from "./steps/serial.ts";
import { StepFailure, type Step } from "./steps/step.ts";

export interface ProgramParts extends ActionParts {
  readonly guids: GuidSource;
  onRunning(): void;
  onReadiness(ready: boolean): void;
}

/**
 * What a container does from its creation to its end: setup, then the action beside its health check. It is running
 * once that check has passed, or, without one, as soon as its processes have been started.
 */
export function containerProgram(
  parts: ProgramParts,
  request: RunRequest,
  options: { readonly setupIsDone: boolean },
): Step {
  const checks = healthChecks(parts, request);
  const readiness = probes(parts, request.checkDefinition?.readinessChecks ?? []);
  const action = actionStep(parts, request.action, "action");
  const logs = {
    cellLog: parts.logs.source(""),
    healthLog: parts.logs.source(request.checkDefinition?.logSource || "HEALTH"),
  };
  const { clock } = parts;
  const beside: Step[] = [];
  if (checks.length > 0) {
    beside.push(
      monitorStep({
        clock,
        checks,
        startTimeoutMs: request.startTimeoutMs,
        ...logs,
        onHealthy: () => parts.onRunning(),
      }),
    );
  }
  if (readiness.length > 0) {
    const onReadiness = (ready: boolean) => parts.onReadiness(ready);
    beside.push(readinessStep({ clock, checks: readiness, ...logs, onReadiness }));
  }
  const main = codependentStep(
    [checks.length > 0 ? action : announced(action, () => parts.onRunning()), ...beside],
    { endIsFailure: false },
  );
  if (request.setup === undefined || options.setupIsDone) return main;
  return serialStep([actionStep(parts, request.setup, "setup"), main]);
}

/** Whether the action of the container has been started: its setup must have ended then. */
export async function actionHasBegun(
  container: Pick<ActionParts["container"], "process">,
  request: RunRequest,
): Promise<boolean> {
  for (const name of processNames(request.action, "action")) {
    if ((await container.process(name)) !== undefined) return true;
  }
  return false;
}

function announced(step: Step, announce: () => void): Step {
  return (signal, ready) =>
    step(signal, () => {
      announce();
      ready();
    });
}

/** The declared checks where there are any, else the monitor action. */
function healthChecks(parts: ProgramParts, request: RunRequest): HealthCheck[] {
  const declared = request.checkDefinition?.checks ?? [];
  if (declared.length > 0) return probes(parts, declared);
  const { monitor } = request;
  if (monitor === undefined) return [];
  return [{ check: (signal) => runMonitor(parts, monitor, signal), intervalMs: defaultIntervalMs }];
}

function probes(parts: ProgramParts, checks: readonly Check[]): HealthCheck[] {
  const probeParts = { target: parts.container, clock: parts.clock };
  return checks.map((check) => ({
    check: (signal) => probe(probeParts, check, signal),
    intervalMs: check.intervalMs || defaultIntervalMs,
  }));
}

/** Runs the monitor once, as a new process; what it prints is the reason where it fails. */
async function runMonitor(
  parts: ProgramParts,
  monitor: NonNullable<RunRequest["monitor"]>,
  signal: AbortSignal,
): Promise<void> {
  const logs = new CapturedLogs();
  const step = actionStep(
    { ...parts, logs, saysExitStatus: false, observer: unobserved },
    withOutput(monitor),
    `monitor-${parts.guids().slice(0, 8)}`,
  );
  try {
    await step(signal, () => undefined);
  } catch (error) {
    signal.throwIfAborted();
    const said = [logs.text(), error instanceof StepFailure ? error.message : ""];
    throw new StepFailure(said.filter((text) => text !== "").join("; "), { cause: error });
  }
}

/** Cloud Controller asks for silent monitors; their output is wanted here, and only here. */
function withOutput(action: NonNullable<RunRequest["monitor"]>): typeof action {
  switch (action.kind) {
    case "run":
      return { ...action, suppressLogOutput: false };
    case "timeout":
    case "emitProgress":
    case "try":
      return { ...action, action: withOutput(action.action) };
    case "parallel":
    case "serial":
    case "codependent":
      return { ...action, actions: action.actions.map(withOutput) };
    case "download":
    case "upload":
      return action;
  }
}
