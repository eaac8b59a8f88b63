import { internalHeaders, type InternalSecret } from "#kernel/http/internal-auth.ts";
import type { CellState, Work } from "./cell-state.ts";
import { cellStateFromJson, workFromJson, workToJson } from "./cell-state-json.ts";

export type { CellLrp, CellState, CellTask, Work } from "./cell-state.ts";

/** What other components may know of a cell: its rep's HTTP API. */
export interface RepClient {
  state(signal?: AbortSignal): Promise<CellState>;
  /** Gives back what the cell did not take. */
  work(work: Work): Promise<Work>;
  stopLrpInstance(processGuid: string, instanceGuid: string): Promise<void>;
  cancelTask(taskGuid: string): Promise<void>;
}

export type RepClientFactory = (repUrl: string) => RepClient;

/** Clients of reps over HTTP. Every method throws where the rep cannot be reached or refuses. */
export function createRepClient(secret: InternalSecret): RepClientFactory {
  return (repUrl) => {
    const send = async (path: string, init: RequestInit, expected: number) => {
      const response = await fetch(new URL(path, repUrl), {
        ...init,
        headers: { ...internalHeaders(secret), "content-type": "application/json" },
      });
      const body = await response.text();
      if (response.status !== expected) {
        throw new Error(
          `Cannot ${init.method} "${path}" of "${repUrl}": status ${response.status}`,
        );
      }
      return body;
    };
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
      cancelTask: async (taskGuid) => {
        await post(`/v1/tasks/${encodeURIComponent(taskGuid)}/cancel`, 202);
      },
    };
  };
}
