import type { ActualLrp, ActualLrpInstanceKey, ActualLrpKey } from "#diego/models/actual-lrp.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import type { CellPresence } from "#diego/models/cell-presence.ts";
import type { DesiredLrp } from "#diego/models/desired-lrp.ts";
import type { Task } from "#diego/models/task.ts";
import type { RepBbs } from "./operations.ts";

/** A bulletin board in memory for tests of a rep: the rules that a rep meets, and a record of what it was told. */
export class FakeBbs implements RepBbs {
  readonly rows = new Map<string, ActualLrp>();
  readonly desired = new Map<string, DesiredLrp>();
  readonly taskRows = new Map<string, Task>();
  readonly presences: CellPresence[] = [];
  /** `crash web-1.0: reason`, in order. */
  readonly told: string[] = [];
  isAway = false;
  #watchers: (() => void)[] = [];

  /** Resolves once the condition holds; it is looked at whenever the rep tells something. */
  async until(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = () => {
      if (condition()) resolve();
    };
    this.#watchers.push(check);
    check();
    await promise;
    this.#watchers = this.#watchers.filter((each) => each !== check);
  }

  row(processGuid: string, index = 0): ActualLrp | undefined {
    return this.rows.get(`${processGuid}.${index}`);
  }

  async actualLrps(filter?: { readonly cellId?: string }): Promise<ActualLrp[]> {
    this.#answer();
    return [...this.rows.values()].filter(
      (row) => "instanceKey" in row && row.instanceKey.cellId === filter?.cellId,
    );
  }

  async claimActualLrp(key: ActualLrpKey, instanceKey: ActualLrpInstanceKey): Promise<void> {
    this.#answer();
    const row = this.#row(key);
    if (row.state !== "UNCLAIMED" && !isHeldBy(row, instanceKey)) {
      throw new BbsError("ActualLrpCannotBeClaimed", "it is held by another");
    }
    this.#set({ ...common(row), state: "CLAIMED", instanceKey }, `claim ${name(key)}`);
  }

  async startActualLrp(start: Parameters<RepBbs["startActualLrp"]>[0]): Promise<void> {
    this.#answer();
    const { key, ...rest } = start;
    const row = this.#row(key);
    if (row.state === "RUNNING" && !isHeldBy(row, start.instanceKey)) {
      throw new BbsError("ActualLrpCannotBeStarted", "another one runs");
    }
    this.#set({ ...common(row), state: "RUNNING", ...rest }, `start ${name(key)}`);
  }

  async crashActualLrp(
    key: ActualLrpKey,
    instanceKey: ActualLrpInstanceKey,
    reason: string,
  ): Promise<void> {
    this.#answer();
    const row = this.#row(key);
    if (!isHeldBy(row, instanceKey)) {
      throw new BbsError("ActualLrpCannotBeCrashed", "it is held by another");
    }
    this.#set({ ...common(row), state: "CRASHED" }, `crash ${name(key)}: ${reason}`);
  }

  async removeActualLrp(key: ActualLrpKey, instanceKey: ActualLrpInstanceKey): Promise<void> {
    this.#answer();
    if (!isHeldBy(this.#row(key), instanceKey)) throw new BbsError("ResourceNotFound", "no row");
    this.rows.delete(name(key));
    this.#tell(`remove ${name(key)}`);
  }

  async desiredLrpByProcessGuid(processGuid: string): Promise<DesiredLrp | undefined> {
    this.#answer();
    return this.desired.get(processGuid);
  }

  async tasks(filter?: { readonly cellId?: string }): Promise<Task[]> {
    this.#answer();
    return [...this.taskRows.values()].filter((task) => task.cellId === filter?.cellId);
  }

  async taskByGuid(taskGuid: string): Promise<Task | undefined> {
    this.#answer();
    return this.taskRows.get(taskGuid);
  }

  async startTask(taskGuid: string, cellId: string): Promise<{ readonly shouldStart: boolean }> {
    this.#answer();
    const task = this.#task(taskGuid);
    if (task.state !== "PENDING") throw new BbsError("InvalidStateTransition", task.state);
    this.taskRows.set(taskGuid, { ...task, state: "RUNNING", cellId });
    this.#tell(`start ${taskGuid}`);
    return { shouldStart: true };
  }

  async completeTask(completion: Parameters<RepBbs["completeTask"]>[0]): Promise<void> {
    this.#answer();
    const { taskGuid, failed, failureReason, result } = completion;
    const task = this.#task(taskGuid);
    if (task.state !== "RUNNING") throw new BbsError("InvalidStateTransition", task.state);
    const end = { failed, failureReason, result };
    this.taskRows.set(taskGuid, { ...task, state: "COMPLETED", cellId: "", ...end });
    this.#tell(`complete ${taskGuid}: ${failed ? failureReason : result}`);
  }

  async rejectTask(taskGuid: string, reason: string): Promise<void> {
    this.#answer();
    this.taskRows.set(taskGuid, { ...this.#task(taskGuid), state: "PENDING" });
    this.#tell(`reject ${taskGuid}: ${reason}`);
  }

  async cellPresence(presence: CellPresence): Promise<void> {
    this.#answer();
    this.presences.push(presence);
    this.#tell("heartbeat");
  }

  #answer(): void {
    if (this.isAway) throw new BbsError("Timeout", "the BBS is away");
  }

  #row(key: ActualLrpKey): ActualLrp {
    const row = this.rows.get(name(key));
    if (row === undefined) throw new BbsError("ResourceNotFound", "no row");
    return row;
  }

  #task(taskGuid: string): Task {
    const task = this.taskRows.get(taskGuid);
    if (task === undefined) throw new BbsError("ResourceNotFound", "no task");
    return task;
  }

  #set(row: ActualLrp, what: string): void {
    this.rows.set(name(row.key), row);
    this.#tell(what);
  }

  #tell(what: string): void {
    this.told.push(what);
    for (const check of this.#watchers) check();
  }
}

function name({ processGuid, index }: ActualLrpKey): string {
  return `${processGuid}.${index}`;
}

function isHeldBy(row: ActualLrp, { instanceGuid, cellId }: ActualLrpInstanceKey): boolean {
  return (
    "instanceKey" in row &&
    row.instanceKey.instanceGuid === instanceGuid &&
    row.instanceKey.cellId === cellId
  );
}

function common({ key, crashCount, crashReason, since, modificationTag, presence }: ActualLrp) {
  return { key, crashCount, crashReason, since, modificationTag, presence };
}
