import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { platformConfig } from "./platform-config.ts";
import { parseSettings } from "./settings-file.ts";
import { defaultSettings } from "./settings.ts";

test("a configuration file sets what it names, and leaves the rest as the original has it", () => {
  const settings = parseSettings(
    "rivera.yml",
    `# for a small disk
audit_events:
  cutoff_age_in_days: 7
pollable_jobs: { cutoff_age_in_days: 2 }
max_retained_builds_per_app: 5
perform_blob_cleanup: false
maximum_app_disk_in_mb: 4096
staging:
  timeout_in_seconds: 60
resource_pool: { maximum_size: 1000000 }
droplets: { max_staged_droplets_stored: 2 }
security_groups: { enable_comma_delimited_destinations: true }
rate_limiter: { enabled: true, general_limit: 500, admin_limit: 9000 }
packages: { max_package_size: 1024 }
diego: { pid_limit: 99 }
logging: { level: debug }
uaa: { authentication: { policy: { lockoutAfterFailures: 3, lockoutPeriodSeconds: 60 } } }
rivera:
  orphaned_blob_days: 3
  clean_up_times: { audit_events: 04:15 }
  long_poll_in_seconds: 2.5
  least_body_kib_per_minute: 64
  web: false
  otlp_endpoint: http://127.0.0.1:4318
  resource_cache: { matching: global, maximum_size_in_mb: 100, expire_after_days: 7, own_blob_size_in_mb: 1 }
`,
  );

  const defaults = defaultSettings();
  assert.deepEqual(settings, {
    ...defaults,
    cleanUp: {
      ...defaults.cleanUp,
      auditEventDays: 7,
      jobDays: 2,
      buildsPerApp: 5,
      removeOrphanedBlobs: false,
      orphanedBlobDays: 3,
      times: { ...defaults.cleanUp.times, audit_events: "04:15" },
    },
    limits: { ...defaults.limits, maximumDiskInMb: 4096 },
    stagingLimits: {
      ...defaults.stagingLimits,
      stagingTimeoutMs: 60_000,
      maximumResourceBytes: 1_000_000,
      maximumPackageBytes: 1_024,
      pidLimit: 99,
      dropletsKept: 2,
    },
    resourceCache: {
      matching: "global",
      maximumBytes: 104_857_600,
      expireAfterDays: 7,
      packBytes: 16_777_216,
      ownBlobBytes: 1_048_576,
    },
    rateLimits: { general: 500, unauthenticated: 100, admin: 9000, intervalMinutes: 60 },
    longPollMs: 2_500,
    bodyPace: { windowMs: 60_000, leastBytes: 65_536 },
    commaDelimitedDestinations: true,
    logLevel: "debug",
    lockout: { failures: 3, countedWithinMs: 3_600_000, lockedForMs: 60_000 },
    otlpEndpoint: "http://127.0.0.1:4318",
    web: undefined,
  });
  assert.deepEqual(defaults.web, { addresses: [] });
  assert.equal(defaults.cleanUp.appUsageEventDays, 31);
  assert.equal(defaults.stagingLimits.stagingTimeoutMs, 900_000);
  assert.equal(defaults.resourceCache.matching, "organization");
});

test("a file without settings, and limits that are not enabled, change nothing", () => {
  for (const text of ["", "# nothing yet\n", "---\n", "rate_limiter: { general_limit: 5 }\n"]) {
    assert.deepEqual(parseSettings("rivera.yml", text), defaultSettings(), text);
  }
});

test("a configuration file that cannot be used is told with the line that is wrong", () => {
  const cases: [string, RegExp][] = [
    ["a: 1", /^Cannot use rivera\.yml, line 1: a: there is no such setting$/],
    [
      "audit_events:\n  cutoff_age_in_days: 7\n\nrate_limiter:\n  enabled: true\n  general: 5\n",
      /line 6: rate_limiter\.general: there is no such setting$/,
    ],
    [
      "# why\naudit_events:\n  cutoff_age_in_days: soon\n",
      /line 3: audit_events\.cutoff_age_in_days: .*expected number/,
    ],
    ["completed_tasks: { cutoff_age_in_days: 0 }", /line 1: .*cutoff_age_in_days: Too small/],
    ["\nstaging: 900\n", /line 2: staging: .*expected object/],
    ["\n\ndefault_app_memory: 1\ndefault_app_memory: 2\n", /line 4: .*unique/],
    ["staging: [\n", /line \d: /],
    [
      "rivera:\n  resource_cache:\n    matching: everybody\n",
      /line 3: rivera\.resource_cache\.matching: .*organization/,
    ],
    [
      "rivera:\n  web_addresses: ['https://cf.example.com/other/']\n",
      /line 2: rivera\.web_addresses\.0: must be a URL like https:/,
    ],
    [
      "rivera:\n  clean_up_times:\n    audit_events: 24:00\n",
      /line 3: rivera\.clean_up_times\.audit_events: must be a time in UTC like 18:00$/,
    ],
    ["rivera: { clean_up_times: { events: 04:00 } }", /line 1: .*there is no such setting$/],
    [
      "uaa:\n  authentication:\n    policy: { lockoutAfterFailures: 0 }\n",
      /line 3: uaa\.authentication\.policy\.lockoutAfterFailures: Too small/,
    ],
    ["- audit_events\n", /line 1: .*expected object/],
    ["just words", /line 1: .*expected object/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseSettings("rivera.yml", text), { message }, text);
  }
});

test("flags win over the configuration file, and a missing file is named", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "settings-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "rivera.yml");
  writeFileSync(
    file,
    "staging: { timeout_in_seconds: 60, minimum_staging_disk_mb: 1024 }\n" +
      "rate_limiter: { enabled: true, admin_limit: 7, reset_interval_in_minutes: 5 }\n",
  );

  const { settings } = platformConfig({
    data: folder,
    config: file,
    "staging-timeout": "30",
    "rate-limit": "40",
    observe: "off",
  });

  assert.equal(settings.stagingLimits.stagingTimeoutMs, 30_000);
  assert.equal(settings.stagingLimits.minimumStagingDiskInMb, 1024);
  assert.deepEqual([defaultSettings().observe, settings.observe], [true, false]);
  assert.deepEqual(settings.rateLimits, {
    general: 40,
    unauthenticated: 2,
    admin: 7,
    intervalMinutes: 5,
  });
  assert.throws(
    () => platformConfig({ data: folder, observe: "a bit" }),
    /Cannot use --observe: .*"on"\|"off"/,
  );
  assert.throws(
    () => platformConfig({ data: folder, config: path.join(folder, "none.yml") }),
    /Cannot read the configuration file: .*none\.yml/,
  );
});
