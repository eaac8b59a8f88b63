import type { ActualLrpKey } from "#diego/models/actual-lrp.ts";
import type { DesiredLrpRequest } from "#diego/models/desired-lrp.ts";
import { keepRequestOf } from "#diego/models/keep-request.ts";
import { metricTagsOf } from "#diego/models/metric-tags.ts";
import { observationRequestOf } from "#diego/models/observation.ts";
import type { Task } from "#diego/models/task.ts";
import type { Allocation, RunRequest } from "../executor/container.ts";
import type { CellLrp, CellTask } from "./cell-state.ts";

export function lrpAllocation(lrp: CellLrp): Allocation {
  const { processGuid, index, domain, instanceGuid } = lrp;
  return {
    guid: instanceGuid,
    owner: { kind: "lrp", key: { processGuid, index, domain }, instanceGuid },
    ...demandOf(lrp),
  };
}

export function taskAllocation(task: CellTask): Allocation {
  const { taskGuid, domain } = task;
  return { guid: taskGuid, owner: { kind: "task", taskGuid, domain }, ...demandOf(task) };
}

/** The place of an instance that this cell had before. */
export function desiredLrpAllocation(
  desired: DesiredLrpRequest,
  key: ActualLrpKey,
  instanceGuid: string,
): Allocation {
  const { memoryMb, diskMb, maxPids, placementTags, rootFs } = desired;
  return {
    guid: instanceGuid,
    owner: { kind: "lrp", key, instanceGuid },
    memoryMb,
    diskMb,
    maxPids,
    placementTags,
    rootFs,
  };
}

export function lrpRunRequest(
  desired: DesiredLrpRequest,
  key: ActualLrpKey,
  instanceGuid: string,
): RunRequest {
  return {
    definition: desired,
    setup: desired.setup,
    action: desired.action,
    monitor: desired.monitor,
    checkDefinition: desired.checkDefinition,
    startTimeoutMs: desired.startTimeoutMs,
    ports: desired.ports,
    resultFile: "",
    metricTags: metricTagsOf(desired.metricTags, { index: key.index, instanceGuid }),
  };
}

export function taskRunRequest(task: Pick<Task, "definition" | "taskGuid">): RunRequest {
  const { definition, taskGuid } = task;
  return {
    definition,
    setup: undefined,
    action: definition.action,
    monitor: undefined,
    checkDefinition: undefined,
    startTimeoutMs: 0,
    ports: [],
    resultFile: definition.resultFile,
    observation: observationRequestOf(definition.annotation),
    keep: keepRequestOf(definition.annotation),
    metricTags: metricTagsOf(definition.metricTags, { index: 0, instanceGuid: taskGuid }),
  };
}

export function cellLrp(allocation: Allocation): CellLrp[] {
  const { owner } = allocation;
  if (owner.kind !== "lrp") return [];
  return [{ ...owner.key, instanceGuid: owner.instanceGuid, ...constraintsOf(allocation) }];
}

export function cellTask(allocation: Allocation): CellTask[] {
  const { owner } = allocation;
  if (owner.kind !== "task") return [];
  return [{ taskGuid: owner.taskGuid, domain: owner.domain, ...constraintsOf(allocation) }];
}

function demandOf({
  resource,
  placementConstraint,
}: Pick<CellTask, "resource" | "placementConstraint">) {
  return {
    memoryMb: resource.memoryMb,
    diskMb: resource.diskMb,
    maxPids: resource.maxPids,
    placementTags: placementConstraint.placementTags,
    rootFs: placementConstraint.rootFs,
  };
}

function constraintsOf(allocation: Allocation): Pick<CellTask, "resource" | "placementConstraint"> {
  const { memoryMb, diskMb, maxPids, placementTags, rootFs } = allocation;
  return {
    resource: { memoryMb, diskMb, maxPids },
    placementConstraint: { placementTags, rootFs },
  };
}
