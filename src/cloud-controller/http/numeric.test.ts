import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { buildpackCreateMessage } from "../buildpacks/messages.ts";
import { scaleProcessMessage, updateProcessMessage } from "../processes/messages.ts";
import { createOrganizationQuotaMessage } from "../quotas/messages.ts";
import { createSidecarMessage } from "../sidecars/messages.ts";
import { createTaskMessage } from "../tasks/messages.ts";
import { checkMessage } from "./parse-message.ts";

const read: readonly [string, z.ZodType, object, object][] = [
  ["scale", scaleProcessMessage, { memory_in_mb: "256" }, { memory_in_mb: 256 }],
  ["scale", scaleProcessMessage, { instances: "0" }, { instances: 0 }],
  [
    "scale",
    scaleProcessMessage,
    { log_rate_limit_in_bytes_per_second: "-1" },
    { log_rate_limit_in_bytes_per_second: -1 },
  ],
  [
    "update",
    updateProcessMessage,
    { health_check: { data: { timeout: "60" } } },
    { health_check: { data: { timeout: 60 } } },
  ],
  [
    "task",
    createTaskMessage,
    { command: "c", memory_in_mb: "+64", disk_in_mb: null },
    { command: "c", memory_in_mb: 64, disk_in_mb: null },
  ],
  ["buildpack", buildpackCreateMessage, { name: "b", position: "2" }, { name: "b", position: 2 }],
  [
    "quota",
    createOrganizationQuotaMessage,
    { name: "q", apps: { total_instances: "3" } },
    { name: "q", apps: { total_instances: 3 } },
  ],
  [
    "sidecar",
    createSidecarMessage,
    { name: "s", command: "c", process_types: ["web"], memory_in_mb: "32" },
    { name: "s", command: "c", process_types: ["web"], memory_in_mb: 32 },
  ],
];
for (const [name, schema, body, message] of read) {
  test(`digits in a string are a number to ${name}: ${JSON.stringify(body)}`, () => {
    assert.deepEqual(checkMessage(schema, body), { ok: true, message });
  });
}

const refused: readonly [unknown, string][] = [
  ["256M", "Memory in mb is not a number"],
  ["", "Memory in mb is not a number"],
  [" 1", "Memory in mb is not a number"],
  ["1.0", "Memory in mb is not a number"],
  ["0x10", "Memory in mb is not a number"],
  ["1e3", "Memory in mb is not a number"],
  [true, "Memory in mb is not a number"],
  [["1"], "Memory in mb is not a number"],
  ["1.5", "Memory in mb must be an integer"],
  ["0", "Memory in mb must be greater than 0"],
  ["9999999999", "Memory in mb must be less than or equal to 2147483647"],
];
for (const [value, error] of refused) {
  test(`${JSON.stringify(value)} is no memory: ${error}`, () => {
    assert.deepEqual(checkMessage(scaleProcessMessage, { memory_in_mb: value }), {
      ok: false,
      errors: [error],
    });
  });
}
