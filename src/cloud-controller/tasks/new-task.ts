import type { CloudControllerLimits } from "../config.ts";
import type { Process } from "../processes/process-table.ts";
import type { CreateTask } from "./messages.ts";

/** A task as it is asked for; null where the message says so and the task's own checks are to refuse it. */
export interface WantedTask {
  readonly name: string | null;
  readonly command: string | null;
  readonly user: string | null;
  readonly memoryInMb: number;
  readonly diskInMb: number;
  readonly logRateLimitInBytesPerSecond: number;
}

const maximumCommand = 4096;
const permittedUsers = ["vcap"];

/** What the message gives, else the process that it names as template, else the platform's defaults. */
export function wantedTask(
  message: CreateTask,
  facts: {
    readonly template:
      | (Pick<Process, "user" | "memoryInMb" | "diskInMb" | "logRateLimitInBytesPerSecond"> & {
          readonly startCommand: string | null;
        })
      | undefined;
    readonly defaults: CloudControllerLimits;
    /** For a task that is given none: eight hexadecimal digits. */
    readonly generatedName: string;
  },
): WantedTask {
  const { template, defaults } = facts;
  return {
    name: message.name === undefined ? facts.generatedName : message.name,
    command: message.command === undefined ? (template?.startCommand ?? null) : message.command,
    user: message.user === undefined ? (template?.user ?? null) : message.user,
    memoryInMb: message.memory_in_mb ?? template?.memoryInMb ?? defaults.defaultMemoryInMb,
    diskInMb: message.disk_in_mb ?? template?.diskInMb ?? defaults.defaultDiskInMb,
    logRateLimitInBytesPerSecond:
      message.log_rate_limit_in_bytes_per_second ??
      template?.logRateLimitInBytesPerSecond ??
      defaults.defaultLogRateLimitInBytesPerSecond,
  };
}

/** The original's texts for a task that cannot be (TaskModel#validate), without the quotas'. */
export function taskFaults(task: WantedTask): string[] {
  const faults: string[] = [];
  const command = task.command ?? "";
  if (!/^[^\p{Cc}\p{Cs}\p{Cn}]+$/u.test(task.name ?? "")) faults.push("name format");
  if ((task.name ?? "").trim() === "") faults.push("name presence");
  if (command.trim() === "") faults.push("command presence");
  if (command.length > maximumCommand) {
    faults.push(`command must be shorter than ${maximumCommand + 1} characters`);
  }
  return faults;
}

/** After the quotas' faults, as in the original. */
export function taskUserFaults({ user }: WantedTask): string[] {
  if (user === null || permittedUsers.includes(user.toLowerCase())) return [];
  const permitted = permittedUsers.map((name) => `'${name}'`).join(", ");
  return [`user invalid (requested user '${user}' not allowed, permitted users are: ${permitted})`];
}
