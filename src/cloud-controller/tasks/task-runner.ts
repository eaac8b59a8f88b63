import type { BbsClient } from "#diego/bbs/client.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import type { App } from "../apps/app-table.ts";
import type { Droplet } from "../droplets/droplet-table.ts";
import { CfError } from "../http/cf-errors.ts";
import { appTaskDefinition, taskDomain } from "./task-definition.ts";
import { endTask, markRunning, type TaskStates } from "./task-ending.ts";
import { taskFacts, type TaskFactSource } from "./task-facts.ts";
import type { Task } from "./task-table.ts";

/** Hands tasks to Diego and takes them back. */
export class TaskRunner {
  readonly #source: TaskFactSource;
  readonly #states: TaskStates;
  readonly #bbs: Pick<BbsClient, "desireTask" | "cancelTask">;

  constructor(options: {
    readonly source: TaskFactSource;
    readonly states: TaskStates;
    readonly bbs: Pick<BbsClient, "desireTask" | "cancelTask">;
  }) {
    this.#source = options.source;
    this.#states = options.states;
    this.#bbs = options.bbs;
  }

  /** The task is RUNNING after it, or FAILED. @throws 503 TaskWorkersUnavailable, 500 TaskError */
  async run(wanted: {
    readonly task: Task;
    readonly app: App;
    readonly droplet: Droplet;
  }): Promise<void> {
    const { guid } = wanted.task;
    try {
      const facts = await taskFacts(this.#source, wanted);
      if (facts === undefined) throw taskError("the droplet has no bits");
      await this.#bbs.desireTask({
        definition: appTaskDefinition(facts),
        taskGuid: guid,
        domain: taskDomain,
      });
    } catch (error) {
      await endTask(this.#states, guid, {
        state: "FAILED",
        failureReason: "Unable to request task to be run",
      });
      throw asTaskError(error);
    }
    await markRunning(this.#states, guid);
  }

  /** @throws 503 TaskWorkersUnavailable, 500 TaskError */
  async cancel(taskGuid: string): Promise<void> {
    try {
      await cancelInDiego(this.#bbs, taskGuid);
    } catch (error) {
      throw asTaskError(error);
    }
  }
}

/** Nothing where it has ended meanwhile: its callback is on the way. */
export async function cancelInDiego(
  bbs: Pick<BbsClient, "cancelTask">,
  taskGuid: string,
): Promise<void> {
  try {
    await bbs.cancelTask(taskGuid);
  } catch (error) {
    if (!(error instanceof BbsError)) throw error;
    if (error.type !== "ResourceNotFound" && error.type !== "InvalidStateTransition") throw error;
  }
}

function asTaskError(error: unknown): unknown {
  if (!(error instanceof BbsError)) return error;
  const isAway = error.type === "Timeout" || error.type === "Unknown";
  return isAway
    ? new CfError("TaskWorkersUnavailable", `Task workers are unavailable: ${error.message}`, {
        cause: error,
      })
    : taskError(error.message, { cause: error });
}

function taskError(message: string, options?: ErrorOptions): CfError {
  return new CfError("TaskError", `Task failed: ${message}`, options);
}
