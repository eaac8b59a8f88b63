import type { RunAction } from "#diego/models/action.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Container, ContainerProcess, ProcessExit } from "../../runtime/container-runtime.ts";
import { formatBytes } from "#kernel/size.ts";
import { formatGoDuration } from "../go-duration.ts";
import type { ProcessEnvironment } from "../process-environment.ts";
import { followLines, type SourceLog } from "../logs/log-streamer.ts";
import { exitOutcome, factsOfEnd } from "../observation/process-facts.ts";
import type { ScriptSnapshots } from "../kept/script-snapshots.ts";
import type { Observer } from "../observation/observer.ts";
import { settlesBefore, settlesWithin } from "../waiting.ts";
import { StepCancelled, StepFailure, throwIfCancelled, type Step } from "./step.ts";

export interface RunStepParts {
  readonly container: Container;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: SourceLog;
  readonly environment: ProcessEnvironment;
  /** From SIGTERM to SIGKILL. */
  readonly gracefulShutdownMs: number;
  /** Health checks run every few seconds: how they exit is not worth a line. */
  readonly saysExitStatus: boolean;
  readonly observer: Observer;
  /** Of a staging that may be kept. */
  readonly snapshots?: ScriptSnapshots | undefined;
}

/** They tell a program on which descriptor it may say what is not for the log, and on which it learns that this was read. */
const traceVariables = [
  { name: "RIVERA_TRACE_FD", value: "3" },
  { name: "RIVERA_TRACE_HEARD_FD", value: "4" },
];

/** It tells the builder that a line that asks for a snapshot is answered. */
const snapshotVariables = [{ name: "RIVERA_SNAPSHOTS", value: "1" }];
const snapshotAnswer = "s";

const killTimeoutMs = 1_000;
const drainTimeoutMs = 2_000;

/**
 * Runs a process in the container and waits for its end. The process has an id that is known beforehand: one that
 * exists already, started before the cell was killed, is followed instead of started again.
 */
export function runStep(parts: RunStepParts, action: RunAction, processId: string): Step {
  return async (signal, ready) => {
    throwIfCancelled(signal);
    const process = await startOrFind(parts, action, processId);
    ready();
    const output = followOutput(parts, action, process);
    const end = await parts.observer.span(
      { name: "process", subject: action.path },
      async () => {
        const ended = await endOf(process, signal, parts);
        // What a child in the background holds open must not keep the step from ending.
        await settlesWithin(output, drainTimeoutMs, parts.clock);
        return { ...ended, facts: await factsOfEnd(parts, ended.exit) };
      },
      ({ exit, facts }) => ({ outcome: exitOutcome(exit), facts }),
    );
    conclude(parts, action, { ...end, shortage: await shortageOf(parts.container, end.exit) });
  };
}

async function startOrFind(
  { container, environment, log, logger, observer, snapshots }: RunStepParts,
  action: RunAction,
  id: string,
): Promise<ContainerProcess> {
  const found = await container.process(id);
  if (found !== undefined) return found;
  try {
    return await container.run({
      id,
      path: action.path,
      args: action.args,
      env: [
        ...environment(action),
        ...(observer.listens ? traceVariables : []),
        ...(observer.listens && snapshots !== undefined ? snapshotVariables : []),
      ],
      ...(observer.listens ? { traced: true } : {}),
      dir: action.dir,
      user: action.user,
      ...(action.nofile === undefined ? {} : { nofile: action.nofile }),
    });
  } catch (error) {
    logger.error("process-not-started", { path: action.path, error });
    const text = error instanceof Error ? error.message : String(error);
    log.say("ERR", `failed-creating-process: ${text.slice(0, 1024)}`);
    throw new StepFailure(`${log.sourceType}: cannot start "${action.path}"`, { cause: error });
  }
}

async function followOutput(
  { log, observer, snapshots }: RunStepParts,
  action: RunAction,
  process: ContainerProcess,
): Promise<void> {
  const { trace } = process;
  const hear = (line: Buffer) => {
    const taken = snapshots?.asked(line);
    if (taken === undefined) observer.trace(line);
    else void taken.then(() => process.answer?.(snapshotAnswer));
  };
  const traced = trace === undefined ? undefined : followLines(trace, hear);
  if (action.suppressLogOutput) {
    for (const output of [process.stdout, process.stderr])
      output.on("error", () => undefined).resume();
    return;
  }
  await Promise.all([log.follow("OUT", process.stdout), log.follow("ERR", process.stderr), traced]);
}

interface ProcessEnd {
  readonly exit: ProcessExit;
  readonly how: "by-itself" | "terminated" | "killed";
}

async function endOf(
  process: ContainerProcess,
  signal: AbortSignal,
  { clock, gracefulShutdownMs, log, logger }: RunStepParts,
): Promise<ProcessEnd> {
  const exited = process.exited.catch((error: unknown) => {
    throw new StepFailure(`${log.sourceType}: the exit status is not known`, { cause: error });
  });
  if (await settlesBefore(exited, signal)) return { exit: await exited, how: "by-itself" };
  await send(process, "SIGTERM", logger);
  if (await settlesWithin(exited, gracefulShutdownMs, clock)) {
    return { exit: await exited, how: "terminated" };
  }
  await send(process, "SIGKILL", logger);
  if (await settlesWithin(exited, killTimeoutMs, clock)) {
    return { exit: await exited, how: "killed" };
  }
  throw new Error(`Process "${process.id}" did not exit within ${killTimeoutMs} ms of SIGKILL`);
}

async function send(
  process: ContainerProcess,
  signal: "SIGTERM" | "SIGKILL",
  logger: Logger,
): Promise<void> {
  try {
    await process.signal(signal);
  } catch (error) {
    logger.warn("process-not-signalled", { process: process.id, signal, error });
  }
}

/** What a process that failed had too little of, with a space before it; else empty. */
async function shortageOf(container: Container, exit: ProcessExit): Promise<string> {
  if (exit.status === 0) return "";
  if (exit.outOfMemory) return " (out of memory)";
  // A container that has ended meanwhile cannot be asked.
  const full = await container.fullDisk().catch(() => undefined);
  if (full === undefined) return "";
  const [used, limit] = [formatBytes(full.usedBytes), formatBytes(full.limitBytes)];
  return ` (disk quota exceeded: ${used} of ${limit} used)`;
}

function conclude(
  parts: RunStepParts,
  action: RunAction,
  { exit, how, shortage }: ProcessEnd & { readonly shortage: string },
): void {
  const { log, gracefulShutdownMs } = parts;
  if (parts.saysExitStatus && !action.suppressLogOutput) {
    const late =
      how === "killed"
        ? ` (exceeded ${formatGoDuration(gracefulShutdownMs)} graceful shutdown interval)`
        : "";
    log.say("OUT", `Exit status ${exit.status}${late}${shortage}`);
  }
  if (how !== "by-itself") throw new StepCancelled();
  if (exit.status === 0) return;
  throw new StepFailure(
    parts.saysExitStatus
      ? `${log.sourceType}: Exited with status ${exit.status}${shortage}`
      : shortage.trim(),
  );
}
