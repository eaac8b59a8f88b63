import { z } from "zod";
import type { CellLrp, CellState, CellTask, Work } from "./cell-state.ts";

// The original embeds key, constraint and resource in an LRP, so that their fields stand at its top level; the fields
// of the state itself are a mix of snake_case and Go's own names.
const demandJson = {
  memory_mb: z.int(),
  disk_mb: z.int(),
  max_pids: z.int().default(0),
  placement_tags: z.array(z.string()).nullish(),
  rootfs: z.string(),
  rivera_request_id: z.string().max(255).optional(),
};

const lrpJson = z.object({
  instance_guid: z.string(),
  process_guid: z.string(),
  index: z.int(),
  domain: z.string(),
  ...demandJson,
});

const taskJson = z.object({ task_guid: z.string(), domain: z.string(), ...demandJson });

const resourcesJson = z.object({ MemoryMB: z.int(), DiskMB: z.int(), Containers: z.int() });

const stateJson = z.object({
  rep_url: z.string(),
  cell_id: z.string(),
  RootFSProviders: z.record(
    z.string(),
    z.union([
      z.object({
        type: z.literal("fixed_set"),
        set: z.record(z.string(), z.object({})),
      }),
      z.object({ type: z.literal("arbitrary") }),
    ]),
  ),
  AvailableResources: resourcesJson,
  TotalResources: resourcesJson,
  LRPs: z.array(lrpJson).nullish(),
  Tasks: z.array(taskJson).nullish(),
  StartingContainerCount: z.int(),
  Zone: z.string(),
  Evacuating: z.boolean(),
  PlacementTags: z.array(z.string()).nullish(),
  OptionalPlacementTags: z.array(z.string()).nullish(),
});

const workJson = z.object({
  LRPs: z.array(lrpJson).nullish(),
  Tasks: z.array(taskJson).nullish(),
  cell_id: z.string().default(""),
});

export function workFromJson(body: unknown): Work {
  const work = workJson.parse(body);
  return {
    cellId: work.cell_id,
    lrps: (work.LRPs ?? []).map(lrpFromJson),
    tasks: (work.Tasks ?? []).map(taskFromJson),
  };
}

export function workToJson(work: Work): z.input<typeof workJson> {
  return {
    LRPs: work.lrps.map(lrpToJson),
    Tasks: work.tasks.map(taskToJson),
    cell_id: work.cellId,
  };
}

export function cellStateFromJson(body: unknown): CellState {
  const state = stateJson.parse(body);
  const preloaded = state.RootFSProviders["preloaded"];
  return {
    cellId: state.cell_id,
    repUrl: state.rep_url,
    zone: state.Zone,
    preloadedRootFses: preloaded?.type === "fixed_set" ? Object.keys(preloaded.set) : [],
    availableResources: resourcesFromJson(state.AvailableResources),
    totalResources: resourcesFromJson(state.TotalResources),
    lrps: (state.LRPs ?? []).map(lrpFromJson),
    tasks: (state.Tasks ?? []).map(taskFromJson),
    startingContainerCount: state.StartingContainerCount,
    evacuating: state.Evacuating,
    placementTags: state.PlacementTags ?? [],
    optionalPlacementTags: state.OptionalPlacementTags ?? [],
  };
}

export function cellStateToJson(state: CellState) {
  return {
    rep_url: state.repUrl,
    cell_id: state.cellId,
    RootFSProviders: {
      preloaded: {
        type: "fixed_set" as const,
        set: Object.fromEntries(state.preloadedRootFses.map((name) => [name, {}])),
      },
    },
    AvailableResources: resourcesToJson(state.availableResources),
    TotalResources: resourcesToJson(state.totalResources),
    LRPs: state.lrps.map(lrpToJson),
    Tasks: state.tasks.map(taskToJson),
    StartingContainerCount: state.startingContainerCount,
    Zone: state.zone,
    Evacuating: state.evacuating,
    VolumeDrivers: [],
    PlacementTags: [...state.placementTags],
    OptionalPlacementTags: [...state.optionalPlacementTags],
    ProxyMemoryAllocationMB: 0,
  } satisfies z.input<typeof stateJson> & Record<string, unknown>;
}

type Demand = Pick<CellLrp, "resource" | "placementConstraint">;

function lrpFromJson(json: z.output<typeof lrpJson>): CellLrp {
  return {
    processGuid: json.process_guid,
    index: json.index,
    domain: json.domain,
    instanceGuid: json.instance_guid,
    ...requestIdFromJson(json),
    ...demandFromJson(json),
  };
}

function lrpToJson(lrp: CellLrp): z.input<typeof lrpJson> {
  return {
    instance_guid: lrp.instanceGuid,
    process_guid: lrp.processGuid,
    index: lrp.index,
    domain: lrp.domain,
    ...demandToJson(lrp),
    ...requestIdToJson(lrp),
  };
}

function taskFromJson(json: z.output<typeof taskJson>): CellTask {
  return {
    taskGuid: json.task_guid,
    domain: json.domain,
    ...requestIdFromJson(json),
    ...demandFromJson(json),
  };
}

function taskToJson(task: CellTask): z.input<typeof taskJson> {
  return {
    task_guid: task.taskGuid,
    domain: task.domain,
    ...demandToJson(task),
    ...requestIdToJson(task),
  };
}

function requestIdFromJson(json: { readonly rivera_request_id?: string | undefined }) {
  return json.rivera_request_id === undefined ? {} : { requestId: json.rivera_request_id };
}

function requestIdToJson({ requestId }: Pick<CellTask, "requestId">) {
  return requestId === undefined ? {} : { rivera_request_id: requestId };
}

function demandFromJson(json: {
  readonly memory_mb: number;
  readonly disk_mb: number;
  readonly max_pids: number;
  readonly placement_tags?: readonly string[] | null | undefined;
  readonly rootfs: string;
}): Demand {
  return {
    resource: { memoryMb: json.memory_mb, diskMb: json.disk_mb, maxPids: json.max_pids },
    placementConstraint: { placementTags: json.placement_tags ?? [], rootFs: json.rootfs },
  };
}

function demandToJson({ resource, placementConstraint }: Demand) {
  return {
    memory_mb: resource.memoryMb,
    disk_mb: resource.diskMb,
    max_pids: resource.maxPids,
    placement_tags: [...placementConstraint.placementTags],
    rootfs: placementConstraint.rootFs,
  };
}

function resourcesFromJson(json: z.output<typeof resourcesJson>): CellState["totalResources"] {
  return { memoryMb: json.MemoryMB, diskMb: json.DiskMB, containers: json.Containers };
}

function resourcesToJson(resources: CellState["totalResources"]): z.input<typeof resourcesJson> {
  return {
    MemoryMB: resources.memoryMb,
    DiskMB: resources.diskMb,
    Containers: resources.containers,
  };
}
