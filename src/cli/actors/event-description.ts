import type { AuditEvent } from "../api/audit-events.ts";

const shownKeys = [
  "index",
  "reason",
  "cell_id",
  "instance",
  "exit_description",
  "exit_status",
  "recursive",
  "disk_quota",
  "instances",
  "memory",
  "state",
  "command",
  "environment_json",
];

/** What happened, as the official client tells it: chosen fields of the request, or of the event's data. */
export function describeEvent({ data }: AuditEvent): string {
  const request = data?.["request"];
  const fields = new Map<string, unknown>(
    Object.entries(isObject(request) ? request : (data ?? {})),
  );
  return shownKeys
    .flatMap((key) => {
      const value = fields.get(key);
      return value === undefined || value === null ? [] : [`${key}: ${plain(value)}`];
    })
    .join(", ");
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function plain(value: unknown): string {
  return isObject(value) ? JSON.stringify(value) : String(value);
}
