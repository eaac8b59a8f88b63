import type { BbsClient } from "#diego/bbs/client.ts";
import type { ActualLrp, ActualLrpKey } from "#diego/models/actual-lrp.ts";
import { BbsError, type BbsErrorType } from "#diego/models/bbs-error.ts";
import type { Task } from "#diego/models/task.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Executor } from "../executor/executor.ts";
import { lrpOperation, taskOperation, type LrpOperation, type TaskOperation } from "./operation.ts";
import { desiredLrpAllocation, lrpRunRequest, taskRunRequest } from "./run-request.ts";

export type RepBbs = Pick<
  BbsClient,
  | "actualLrps"
  | "claimActualLrp"
  | "startActualLrp"
  | "crashActualLrp"
  | "removeActualLrp"
  | "desiredLrpByProcessGuid"
  | "tasks"
  | "taskByGuid"
  | "startTask"
  | "completeTask"
  | "rejectTask"
  | "cellPresence"
>;

export interface OperationParts {
  readonly cellId: string;
  readonly bbs: RepBbs;
  readonly executor: Executor;
  readonly logger: Logger;
}

export interface LrpSubject {
  readonly key: ActualLrpKey;
  readonly instanceGuid: string;
  readonly row: ActualLrp | "unknown" | undefined;
  readonly isRecovering: boolean;
}

/** Decides on the container as it is now, not as it was when the operation was asked for. */
export async function operateLrp(parts: OperationParts, subject: LrpSubject): Promise<void> {
  const stage = parts.executor.get(subject.instanceGuid)?.stage;
  await performLrp(parts, subject, lrpOperation({ ...subject, stage }));
}

async function performLrp(
  parts: OperationParts,
  subject: LrpSubject,
  operation: LrpOperation,
): Promise<void> {
  const { bbs, executor } = parts;
  const { key, instanceGuid } = subject;
  const instanceKey = { instanceGuid, cellId: parts.cellId };
  switch (operation.kind) {
    case "nothing":
      return;
    case "claim-and-run":
      if (await claimed(parts, subject)) await run(parts, subject);
      return;
    case "claim":
      await claimed(parts, subject);
      return;
    case "start": {
      const { netInfo, routable } = operation.stage;
      const metricTags = executor.get(instanceGuid)?.metricTags ?? {};
      const start = { key, instanceKey, netInfo, metricTags, routable };
      const accepted = await acceptedUnless(["ActualLrpCannotBeStarted"], () =>
        bbs.startActualLrp(start),
      );
      // Another instance has become the one of this index.
      if (!accepted) executor.stop(instanceGuid);
      return;
    }
    case "crash":
      await acceptedUnless(gone, () => bbs.crashActualLrp(key, instanceKey, operation.reason));
      await executor.destroy(instanceGuid);
      return;
    case "remove":
      await acceptedUnless(gone, () => bbs.removeActualLrp(key, instanceKey));
      await executor.destroy(instanceGuid);
      return;
    case "make-again":
      await makeAgain(parts, subject);
  }
}

// The row has moved on without this container.
const gone: readonly BbsErrorType[] = [
  "ActualLrpCannotBeCrashed",
  "ActualLrpCannotBeRemoved",
  "ResourceNotFound",
];

/** Keeps the place of a row that this cell had before, and claims it. Its container is made by the operation to come. */
async function makeAgain(parts: OperationParts, subject: LrpSubject): Promise<void> {
  const { key, instanceGuid } = subject;
  const desired = await parts.bbs.desiredLrpByProcessGuid(key.processGuid);
  const left =
    desired === undefined
      ? []
      : parts.executor.allocate([desiredLrpAllocation(desired, key, instanceGuid)]);
  if (desired === undefined || left.length > 0) {
    const instanceKey = { instanceGuid, cellId: parts.cellId };
    await acceptedUnless(gone, () => parts.bbs.removeActualLrp(key, instanceKey));
    return;
  }
  await claimed(parts, subject);
}

/** Refused, the container is destroyed: the row belongs to another, or is no more. */
async function claimed(parts: OperationParts, subject: LrpSubject): Promise<boolean> {
  const { key, instanceGuid } = subject;
  const accepted = await acceptedUnless(["ActualLrpCannotBeClaimed", "ResourceNotFound"], () =>
    parts.bbs.claimActualLrp(key, { instanceGuid, cellId: parts.cellId }),
  );
  if (!accepted) await parts.executor.destroy(instanceGuid);
  return accepted;
}

async function run(parts: OperationParts, { key, instanceGuid }: LrpSubject): Promise<void> {
  const desired = await parts.bbs.desiredLrpByProcessGuid(key.processGuid);
  if (desired !== undefined) {
    parts.executor.run(instanceGuid, lrpRunRequest(desired, key, instanceGuid));
    return;
  }
  const instanceKey = { instanceGuid, cellId: parts.cellId };
  await acceptedUnless(gone, () => parts.bbs.removeActualLrp(key, instanceKey));
  await parts.executor.destroy(instanceGuid);
}

export interface TaskSubject {
  readonly taskGuid: string;
  readonly row: Task | "unknown" | undefined;
  readonly isRecovering: boolean;
}

export async function operateTask(parts: OperationParts, subject: TaskSubject): Promise<void> {
  const stage = parts.executor.get(subject.taskGuid)?.stage;
  await performTask(parts, subject.taskGuid, taskOperation({ ...subject, stage }));
}

async function performTask(
  parts: OperationParts,
  taskGuid: string,
  operation: TaskOperation,
): Promise<void> {
  const { bbs, executor, cellId } = parts;
  switch (operation.kind) {
    case "nothing":
      return;
    case "start-and-run":
      await startTask(parts, taskGuid);
      return;
    case "complete": {
      const { failed, failureReason, result } = operation.outcome;
      const completion = { taskGuid, cellId, failed, failureReason, result };
      const accepted = await acceptedUnless(taskMovedOn, () => bbs.completeTask(completion));
      // One that was cancelled meanwhile is nobody's to look into.
      if (accepted) await executor.conclude(taskGuid);
      else await executor.destroy(taskGuid);
      return;
    }
    case "reject":
      await acceptedUnless(taskMovedOn, () => bbs.rejectTask(taskGuid, operation.reason));
      await executor.destroy(taskGuid);
      return;
    case "destroy":
      await executor.destroy(taskGuid);
      return;
    case "fail-lost": {
      const failureReason = operation.reason;
      const completion = { taskGuid, cellId, failed: true, failureReason, result: "" };
      await acceptedUnless(taskMovedOn, () => bbs.completeTask(completion));
    }
  }
}

const taskMovedOn: readonly BbsErrorType[] = [
  "InvalidStateTransition",
  "InvalidRequest",
  "RunningOnDifferentCell",
  "ResourceNotFound",
];

async function startTask(parts: OperationParts, taskGuid: string): Promise<void> {
  const { bbs, executor, cellId } = parts;
  // `shouldStart` is false where an answer was lost and this is the second asking. The container has done nothing yet,
  // and what an earlier run of the cell had started has been ended by its recovery: so it runs now.
  const accepted = await acceptedUnless(taskMovedOn, async () => {
    await bbs.startTask(taskGuid, cellId);
  });
  if (!accepted) {
    await executor.destroy(taskGuid);
    return;
  }
  const task = await bbs.taskByGuid(taskGuid);
  if (task === undefined) await executor.destroy(taskGuid);
  else executor.run(taskGuid, taskRunRequest(task));
}

/** False where the BBS refuses with one of those types; other errors are thrown, and the next pass tries again. */
async function acceptedUnless(
  refusals: readonly BbsErrorType[],
  send: () => Promise<void>,
): Promise<boolean> {
  try {
    await send();
    return true;
  } catch (error) {
    if (error instanceof BbsError && refusals.includes(error.type)) return false;
    throw error;
  }
}
