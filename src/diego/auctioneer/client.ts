import { z } from "zod";
import { internalHeaders, type InternalSecret } from "#kernel/http/internal-auth.ts";
import { requestIdHeaders } from "#kernel/http/request-id.ts";

/** What other components may know of the auctioneer: `POST /v1/lrps` and `POST /v1/tasks`, answered 202 at once. */
export interface AuctioneerClient {
  requestLrpAuctions(requests: readonly LrpStartRequest[]): Promise<void>;
  requestTaskAuctions(requests: readonly TaskStartRequest[]): Promise<void>;
}

export interface AuctionResource {
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly maxPids: number;
}

export interface PlacementConstraint {
  readonly placementTags: readonly string[];
  readonly rootFs: string;
}

export interface LrpStartRequest {
  readonly processGuid: string;
  readonly domain: string;
  readonly indices: readonly number[];
  readonly resource: AuctionResource;
  readonly placementConstraint: PlacementConstraint;
}

export interface TaskStartRequest {
  readonly taskGuid: string;
  readonly domain: string;
  readonly resource: AuctionResource;
  readonly placementConstraint: PlacementConstraint;
  readonly origin?: TaskOrigin | undefined;
}

/** Whose a task is, and where its owner reads: the original's requests do not say it. */
export interface TaskOrigin {
  /** Those of different owners take turns; an organization's guid. */
  readonly owner: string;
  /** Source of the app's log, and the name of what writes to it. */
  readonly logGuid: string;
  readonly logSource: string;
}

/** Throws where the auctioneer cannot be reached or does not answer 202: convergence asks again. */
export function createAuctioneerClient(options: {
  readonly url: string;
  readonly secret: InternalSecret;
}): AuctioneerClient {
  const post = async (path: string, body: unknown) => {
    const response = await fetch(new URL(path, options.url), {
      method: "POST",
      headers: {
        ...internalHeaders(options.secret),
        ...requestIdHeaders(),
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    if (response.status !== 202) {
      throw new Error(`Cannot request auctions at "${path}": status ${response.status}`);
    }
  };
  return {
    requestLrpAuctions: (requests) => post("/v1/lrps", requests.map(lrpStartRequestToJson)),
    requestTaskAuctions: (requests) => post("/v1/tasks", requests.map(taskStartRequestToJson)),
  };
}

// The original embeds resource and constraint in the request, so that their fields stand at its top level.
const demandJson = {
  memory_mb: z.int().min(0),
  disk_mb: z.int().min(0),
  max_pids: z.int().min(0).default(0),
  placement_tags: z.array(z.string()).nullish(),
  rootfs: z.string().min(1),
};

const lrpStartRequestJson = z.object({
  process_guid: z.string().min(1),
  domain: z.string().min(1),
  indices: z.array(z.int().min(0)).min(1),
  ...demandJson,
});

const taskStartRequestJson = z.object({
  task_guid: z.string().min(1),
  domain: z.string().min(1),
  rivera_origin: z
    .object({ owner: z.string(), log_guid: z.string(), log_source: z.string() })
    .optional(),
  ...demandJson,
});

export const lrpStartRequestFromJson = lrpStartRequestJson.transform((json): LrpStartRequest => ({
  processGuid: json.process_guid,
  domain: json.domain,
  indices: json.indices,
  ...demandFromJson(json),
}));

export const taskStartRequestFromJson = taskStartRequestJson.transform(
  (json): TaskStartRequest => ({
    taskGuid: json.task_guid,
    domain: json.domain,
    ...demandFromJson(json),
    ...(json.rivera_origin === undefined
      ? {}
      : {
          origin: {
            owner: json.rivera_origin.owner,
            logGuid: json.rivera_origin.log_guid,
            logSource: json.rivera_origin.log_source,
          },
        }),
  }),
);

function lrpStartRequestToJson(request: LrpStartRequest): z.input<typeof lrpStartRequestJson> {
  return {
    process_guid: request.processGuid,
    domain: request.domain,
    indices: [...request.indices],
    ...demandToJson(request),
  };
}

function taskStartRequestToJson(request: TaskStartRequest): z.input<typeof taskStartRequestJson> {
  const { taskGuid, domain, origin } = request;
  return {
    task_guid: taskGuid,
    domain,
    ...demandToJson(request),
    ...(origin === undefined
      ? {}
      : {
          rivera_origin: {
            owner: origin.owner,
            log_guid: origin.logGuid,
            log_source: origin.logSource,
          },
        }),
  };
}

function demandFromJson(json: {
  readonly memory_mb: number;
  readonly disk_mb: number;
  readonly max_pids: number;
  readonly placement_tags?: readonly string[] | null | undefined;
  readonly rootfs: string;
}): Pick<LrpStartRequest, "resource" | "placementConstraint"> {
  return {
    resource: { memoryMb: json.memory_mb, diskMb: json.disk_mb, maxPids: json.max_pids },
    placementConstraint: { placementTags: json.placement_tags ?? [], rootFs: json.rootfs },
  };
}

function demandToJson({
  resource,
  placementConstraint,
}: Pick<LrpStartRequest, "resource" | "placementConstraint">) {
  return {
    memory_mb: resource.memoryMb,
    disk_mb: resource.diskMb,
    max_pids: resource.maxPids,
    placement_tags: [...placementConstraint.placementTags],
    volume_drivers: [],
    rootfs: placementConstraint.rootFs,
  };
}
