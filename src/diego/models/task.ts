import type { Action } from "./action.ts";
import type { ContainerDefinition } from "./container-definition.ts";

export interface TaskDefinition extends ContainerDefinition {
  readonly action: Action;
  /** Path in the container whose content (51,200 bytes at most) becomes the task's result. */
  readonly resultFile: string;
  /** Empty: nobody is called. */
  readonly completionCallbackUrl: string;
}

export type TaskState = "PENDING" | "RUNNING" | "COMPLETED" | "RESOLVING";

export interface Task {
  readonly definition: TaskDefinition;
  readonly taskGuid: string;
  readonly domain: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly firstCompletedAt: Date | undefined;
  readonly state: TaskState;
  /** Empty where no cell has it. */
  readonly cellId: string;
  readonly result: string;
  readonly failed: boolean;
  readonly failureReason: string;
  readonly rejectionCount: number;
  readonly rejectionReason: string;
}
