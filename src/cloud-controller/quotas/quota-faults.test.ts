import assert from "node:assert/strict";
import { test } from "node:test";
import { processFaults, routeFault, taskFaults, type UsedScope } from "./quota-faults.ts";
import { unlimited, type QuotaLimits } from "./quota-limits.ts";

type AppLimits = Partial<QuotaLimits["apps"]>;

/** A space and its organization in which 100 MB, 2 instances, 50 bytes of log a second and 3 tasks are in use. */
function scopes(space: AppLimits, organization: AppLimits): UsedScope[] {
  const others = { memory: 100, instances: 2, logRate: 50, tasks: 3 };
  const limits = (apps: AppLimits) => ({ ...unlimited, apps: { ...unlimited.apps, ...apps } });
  return [
    { kind: "space", guid: "s", name: "dev", limits: limits(space), others },
    { kind: "organization", guid: "o", name: "acme", limits: limits(organization), others },
  ];
}

test("a quota names each limit that the started processes would exceed, the space's beside the organization's", () => {
  const cases: [space: AppLimits, organization: AppLimits, faults: string[]][] = [
    [{}, {}, []],
    [{ total_memory_in_mb: 612 }, { total_memory_in_mb: 612 }, []],
    [{}, { total_memory_in_mb: 611 }, ["memory quota_exceeded"]],
    [{ total_memory_in_mb: 611 }, {}, ["memory space_quota_exceeded"]],
    [
      { total_memory_in_mb: 1, per_process_memory_in_mb: 255 },
      { total_memory_in_mb: 1, per_process_memory_in_mb: 255 },
      [
        "memory space_quota_exceeded",
        "memory quota_exceeded",
        "memory instance_memory_limit_exceeded",
        "memory space_instance_memory_limit_exceeded",
      ],
    ],
    [{ per_process_memory_in_mb: 256 }, { per_process_memory_in_mb: 256 }, []],
    [{ total_instances: 4 }, { total_instances: 4 }, []],
    [
      { total_instances: 3 },
      { total_instances: 0 },
      [
        "app_instance_limit app_instance_limit_exceeded",
        "app_instance_limit space_app_instance_limit_exceeded",
      ],
    ],
    [{ log_rate_limit_in_bytes_per_second: 250 }, { log_rate_limit_in_bytes_per_second: 250 }, []],
    [
      { log_rate_limit_in_bytes_per_second: 249 },
      { log_rate_limit_in_bytes_per_second: 249 },
      [
        "log_rate_limit exceeds space log rate quota",
        "log_rate_limit exceeds organization log rate quota",
      ],
    ],
  ];
  const started = [{ instances: 2, memoryInMb: 256, logRateLimitInBytesPerSecond: 100 }];
  for (const [space, organization, faults] of cases) {
    const actual = processFaults(scopes(space, organization), { started, logRateCounts: true });
    assert.deepEqual(actual, faults, JSON.stringify([space, organization]));
  }
});

test("a process without a log rate limit is refused where the quota has one, unless the change is not about it", () => {
  const limits = scopes(
    { log_rate_limit_in_bytes_per_second: 1000 },
    { log_rate_limit_in_bytes_per_second: 1000 },
  );
  const started = [{ instances: 1, memoryInMb: 1, logRateLimitInBytesPerSecond: -1 }];

  assert.deepEqual(processFaults(limits, { started, logRateCounts: true }), [
    "log_rate_limit cannot be unlimited in space 'dev'.",
    "log_rate_limit cannot be unlimited in organization 'acme'.",
  ]);
  assert.deepEqual(processFaults(limits, { started, logRateCounts: false }), []);
});

test("a task is held to memory, log rate and, when it is new, to the number of tasks", () => {
  const cases: [space: AppLimits, organization: AppLimits, isNew: boolean, faults: string[]][] = [
    [{}, {}, true, []],
    [{ total_memory_in_mb: 356, per_app_tasks: 4 }, {}, true, []],
    [
      { total_memory_in_mb: 355 },
      { total_memory_in_mb: 355, per_process_memory_in_mb: 255 },
      true,
      [
        "memory_in_mb exceeds organization memory quota",
        "memory_in_mb exceeds organization instance memory quota",
        "memory_in_mb exceeds space memory quota",
      ],
    ],
    [
      { log_rate_limit_in_bytes_per_second: 59 },
      {},
      true,
      ["log_rate_limit exceeds space log rate quota"],
    ],
    [{ per_app_tasks: 3 }, {}, true, ["app_task_limit quota exceeded"]],
    [{ per_app_tasks: 3 }, {}, false, []],
  ];
  for (const [space, organization, isNew, faults] of cases) {
    const task = { memoryInMb: 256, logRateLimitInBytesPerSecond: 10, isNew };
    const actual = taskFaults(scopes(space, organization), task);
    assert.deepEqual(actual, faults, JSON.stringify([space, organization, isNew]));
  }
});

test("a quota allows exactly its number of routes", () => {
  const [, organization] = scopes({}, {});
  assert(organization !== undefined);
  const limits = { ...unlimited, routes: { total_routes: 2, total_reserved_ports: null } };

  assert.equal(routeFault({ ...organization, limits }, { routes: 1 }), undefined);
  assert.equal(
    routeFault({ ...organization, limits }, { routes: 2 }),
    "Routes quota exceeded for organization 'acme'.",
  );
  assert.equal(routeFault(organization, { routes: 9999 }), undefined);
});
