import { Readable } from "node:stream";
import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import { internalHeaders, type InternalSecret } from "#kernel/http/internal-auth.ts";
import { requestIdHeaders } from "#kernel/http/request-id.ts";
import type { CellState, Work } from "./cell-state.ts";
import { keptTasksFromJson, type KeptTask } from "./kept-tasks.ts";
import { cellStateFromJson, workFromJson, workToJson } from "./cell-state-json.ts";

export type { KeptTask } from "./kept-tasks.ts";
export type { CellLrp, CellState, CellTask, Work } from "./cell-state.ts";

/** What other components may know of a cell: its rep's HTTP API. */
export interface RepClient {
  state(signal?: AbortSignal): Promise<CellState>;
  /** Gives back what the cell did not take. */
  work(work: Work): Promise<Work>;
  stopLrpInstance(processGuid: string, instanceGuid: string): Promise<void>;
  /** The tags of its logs and metrics from now on. */
  updateLrpInstance(
    processGuid: string,
    instanceGuid: string,
    metricTags: Readonly<Record<string, string>>,
  ): Promise<void>;
  cancelTask(taskGuid: string): Promise<void>;
}

/** Of one cell: failed tasks whose containers are still there, and the way into them. */
export interface KeptTaskClient {
  list(): Promise<readonly KeptTask[]>;
  /** Its container is removed; accepted, not awaited. */
  release(taskGuid: string): Promise<void>;
  /** What a script found when it began, as a tar of the entries of /tmp; undefined where that is not kept. */
  snapshot(taskGuid: string, script: string, signal: AbortSignal): Promise<Readable | undefined>;
  /** Where a WebSocket to a new terminal in it is opened, and the headers that open it; terminal-session.ts has the protocol. */
  terminal(
    taskGuid: string,
    window: { readonly columns: number; readonly rows: number },
  ): { readonly url: URL; readonly headers: Readonly<Record<string, string>> };
}

export type RepClientFactory = (repUrl: string) => RepClient;

/** Clients of reps over HTTP. Every method throws where the rep cannot be reached or refuses. */
export function createRepClient(secret: InternalSecret): RepClientFactory {
  return (repUrl) => {
    const send = sender(secret, repUrl);
    const post = (path: string, expected: number, body: unknown = {}) =>
      send(path, { method: "POST", body: JSON.stringify(body) }, expected);
    return {
      state: async (signal) =>
        cellStateFromJson(
          JSON.parse(
            await send(
              "/state",
              { method: "GET", ...(signal === undefined ? {} : { signal }) },
              200,
            ),
          ),
        ),
      work: async (work) => workFromJson(JSON.parse(await post("/work", 200, workToJson(work)))),
      stopLrpInstance: async (processGuid, instanceGuid) => {
        const process = encodeURIComponent(processGuid);
        await post(`/v1/lrps/${process}/instances/${encodeURIComponent(instanceGuid)}/stop`, 202);
      },
      updateLrpInstance: async (processGuid, instanceGuid, metricTags) => {
        const process = encodeURIComponent(processGuid);
        const path = `/v1/lrps/${process}/instances/${encodeURIComponent(instanceGuid)}`;
        await send(path, { method: "PUT", body: JSON.stringify({ metric_tags: metricTags }) }, 202);
      },
      cancelTask: async (taskGuid) => {
        await post(`/v1/tasks/${encodeURIComponent(taskGuid)}/cancel`, 202);
      },
    };
  };
}

/** The same for what cells keep of failed tasks. A cell that does not answer is given up after 5 s. */
export function createKeptTaskClient(
  secret: InternalSecret,
  clock: Clock,
): (repUrl: string) => KeptTaskClient {
  return (repUrl) => {
    const send = async (path: string, init: RequestInit, expected: number) =>
      await withDeadline(
        { clock, ms: answerMs },
        async (signal) => await sender(secret, repUrl)(path, { ...init, signal }, expected),
      );
    const pathOf = (taskGuid: string) => `/v1/kept_tasks/${encodeURIComponent(taskGuid)}`;
    return {
      list: async () =>
        keptTasksFromJson(JSON.parse(await send("/v1/kept_tasks", { method: "GET" }, 200))),
      release: async (taskGuid) => {
        await send(pathOf(taskGuid), { method: "DELETE", body: "{}" }, 202);
      },
      snapshot: async (taskGuid, script, signal) => {
        const path = `${pathOf(taskGuid)}/snapshots/${encodeURIComponent(script)}`;
        const headers = { ...internalHeaders(secret), ...requestIdHeaders() };
        const response = await fetch(new URL(path, repUrl), { headers, signal });
        if (response.status === 200 && response.body !== null) {
          return Readable.fromWeb(response.body);
        }
        await response.body?.cancel();
        if (response.status === 404) return undefined;
        throw new Error(`Cannot GET "${path}" of "${repUrl}": status ${response.status}`);
      },
      terminal: (taskGuid, { columns, rows }) => ({
        url: new URL(`${pathOf(taskGuid)}/terminal?columns=${columns}&rows=${rows}`, repUrl),
        headers: { ...internalHeaders(secret), ...requestIdHeaders() },
      }),
    };
  };
}

const answerMs = 5_000;

function sender(secret: InternalSecret, repUrl: string) {
  return async (path: string, init: RequestInit, expected: number): Promise<string> => {
    const response = await fetch(new URL(path, repUrl), {
      ...init,
      headers: {
        ...internalHeaders(secret),
        ...requestIdHeaders(),
        "content-type": "application/json",
      },
    });
    const body = await response.text();
    if (response.status !== expected) {
      throw new Error(`Cannot ${init.method} "${path}" of "${repUrl}": status ${response.status}`);
    }
    return body;
  };
}
