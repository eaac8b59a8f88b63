import { z } from "zod";
import {
  cleanUpNames,
  defaultCleanUp,
  type CleanUpConfig,
} from "#cloud-controller/clean-up/clean-up-config.ts";
import { defaultLimits, type CloudControllerLimits } from "#cloud-controller/config.ts";
import {
  defaultResourceCache,
  type ResourceCacheConfig,
} from "#cloud-controller/resource-matches/resource-cache-config.ts";
import { defaultBodyPace, type BodyPace } from "#cloud-controller/http/body-pace.ts";
import type { RateLimits } from "#cloud-controller/http/rate-limit.ts";
import {
  defaultStagingLimits,
  type StagingLimits,
} from "#cloud-controller/staging/staging-config.ts";
import { logLevels, type LogLevel } from "#kernel/log/pino-logger.ts";
import { defaultLockoutPolicy, type LockoutPolicy } from "#uaa/users/lockout.ts";

/** What an operator may set in the file of `rivera up --config`, complete. */
export interface Settings {
  readonly cleanUp: CleanUpConfig;
  readonly limits: CloudControllerLimits;
  readonly stagingLimits: StagingLimits;
  readonly resourceCache: ResourceCacheConfig;
  /** Undefined: requests are not limited. */
  readonly rateLimits: RateLimits | undefined;
  readonly longPollMs: number;
  readonly bodyPace: BodyPace;
  readonly syncIntervalMs: number;
  readonly commaDelimitedDestinations: boolean;
  /** Of the platform's own log. */
  readonly logLevel: LogLevel;
  /** When wrong passwords lock a name. */
  readonly lockout: LockoutPolicy;
  /** Of an OpenTelemetry collector, for the timelines of stagings; undefined: none. */
  readonly otlpEndpoint: string | undefined;
  /** Whether stagings are observed: timelines, logs of builds, reasons of failures, kept containers. */
  readonly observe: boolean;
  readonly failedStagings: FailedStagings;
  /** The dashboard; undefined: it is not served. */
  readonly web: { readonly addresses: readonly string[] } | undefined;
}

/** Their containers, which stay for whoever looks into them. */
export interface FailedStagings {
  /** 0: they do not stay. */
  readonly keepMs: number;
  readonly perCell: number;
  /** Open at once in one container, and how long without a byte either way. */
  readonly terminals: number;
  readonly idleMs: number;
}

const count = z.int().min(1);
/** Longer, and an instant that far back is none. */
const days = count.max(36_500);
const age = z.strictObject({ cutoff_age_in_days: days.optional() }).default({});

const timeOfDay = z.templateLiteral(
  [z.string().regex(/^([01]\d|2[0-3])$/), ":", z.string().regex(/^[0-5]\d$/)],
  { error: "must be a time in UTC like 18:00" },
);

const dashboardAddress = z
  .url({ protocol: /^https?$/, error: "must be a URL like https://cf.example.com/rivera/" })
  .regex(/^[^?#*\s]+\/rivera\/$/, "must be a URL like https://cf.example.com/rivera/");

/** Compressed bytes, but for what `ResourceCacheConfig` says otherwise. */
const resourceCache = z
  .strictObject({
    matching: z.enum(["organization", "global"]).optional(),
    maximum_size_in_mb: count.optional(),
    expire_after_days: days.optional(),
    pack_size_in_mb: count.max(1_024).optional(),
    own_blob_size_in_mb: count.max(1_024).optional(),
  })
  .default({});

/** Seconds of a lock and of its window; a year is as good as for ever. */
const lockoutSeconds = count.max(31_536_000);

/** The names are cloud_controller.yml's, under `uaa` those of uaa.yml; the last group holds what only Rivera has. */
export const settingsSchema = z.strictObject({
  audit_events: age,
  app_usage_events: age,
  completed_tasks: age,
  pollable_jobs: age,
  max_retained_deployments_per_app: count.optional(),
  max_retained_builds_per_app: count.optional(),
  max_retained_revisions_per_app: count.optional(),
  perform_blob_cleanup: z.boolean().optional(),
  default_app_memory: count.optional(),
  default_app_disk_in_mb: count.optional(),
  maximum_app_disk_in_mb: count.optional(),
  default_app_log_rate_limit_in_bytes_per_second: z.int().min(-1).optional(),
  maximum_health_check_timeout: count.optional(),
  disable_custom_buildpacks: z.boolean().optional(),
  staging: z
    .strictObject({
      timeout_in_seconds: count.optional(),
      minimum_staging_memory_mb: count.optional(),
      minimum_staging_disk_mb: count.optional(),
      minimum_staging_file_descriptor_limit: count.optional(),
    })
    .default({}),
  /** Bytes; as in the original, with this default: files above are never matched. */
  resource_pool: z.strictObject({ maximum_size: count.optional() }).default({}),
  packages: z
    .strictObject({
      max_valid_packages_stored: count.optional(),
      /** Bytes of an app once unpacked. */
      max_package_size: count.optional(),
    })
    .default({}),
  logging: z.strictObject({ level: z.enum(logLevels).default("info") }).prefault({}),
  diego: z.strictObject({ pid_limit: count.optional() }).default({}),
  droplets: z.strictObject({ max_staged_droplets_stored: count.optional() }).default({}),
  diego_sync: z.strictObject({ frequency_in_seconds: count.max(3_600).optional() }).default({}),
  security_groups: z
    .strictObject({ enable_comma_delimited_destinations: z.boolean().optional() })
    .default({}),
  rate_limiter: z
    .strictObject({
      enabled: z.boolean().optional(),
      general_limit: count.optional(),
      unauthenticated_limit: count.optional(),
      admin_limit: count.optional(),
      reset_interval_in_minutes: count.optional(),
    })
    .default({}),
  uaa: z
    .strictObject({
      authentication: z
        .strictObject({
          policy: z
            .strictObject({
              lockoutAfterFailures: count.optional(),
              countFailuresWithinSeconds: lockoutSeconds.optional(),
              lockoutPeriodSeconds: lockoutSeconds.optional(),
            })
            .default({}),
        })
        .prefault({}),
    })
    .prefault({}),
  rivera: z
    .strictObject({
      orphaned_blob_days: days.optional(),
      clean_up_times: z.partialRecord(z.enum(cleanUpNames), timeOfDay).default({}),
      /** Who sends a body more slowly is let go; 0: nobody is. */
      least_body_kib_per_minute: z.int().min(0).max(1_048_576).optional(),
      long_poll_in_seconds: z.number().min(0).max(60).optional(),
      /** Whether the dashboard is served. */
      web: z.boolean().default(true),
      /** Further addresses of it, behind a proxy: a login leads back to registered ones alone. */
      web_addresses: z.array(dashboardAddress).max(20).default([]),
      /** `http://collector:4318`. */
      otlp_endpoint: z.url({ protocol: /^https?$/ }).optional(),
      /** Whether stagings are observed: timelines, logs of builds, reasons of failures, kept containers. */
      observe: z.boolean().default(true),
      /** The container of a staging that has failed stays that long, so many of them on a cell; 0 minutes: none. */
      failed_stagings: z
        .strictObject({
          keep_minutes: z.number().min(0).max(1_440).default(15),
          kept_per_cell: z.int().min(0).max(100).default(2),
          terminals: z.int().min(1).max(100).default(4),
          idle_minutes: z.number().min(0.01).max(1_440).default(10),
        })
        .prefault({}),
      narrowed_page_size: count.max(5_000).optional(),
      resource_cache: resourceCache,
    })
    .prefault({}),
});

type Asked = z.infer<typeof settingsSchema>;

/** The original's production values where nothing is asked for. */
export function settingsOf(asked: Asked): Settings {
  const { rivera, staging } = asked;
  return {
    cleanUp: cleanUpOf(asked),
    limits: {
      ...defaultLimits,
      ...given({
        defaultMemoryInMb: asked.default_app_memory,
        defaultDiskInMb: asked.default_app_disk_in_mb,
        maximumDiskInMb: asked.maximum_app_disk_in_mb,
        defaultLogRateLimitInBytesPerSecond: asked.default_app_log_rate_limit_in_bytes_per_second,
        maximumHealthCheckTimeoutInSeconds: asked.maximum_health_check_timeout,
        narrowedPageSize: rivera.narrowed_page_size,
        customBuildpacksDisabled: asked.disable_custom_buildpacks,
      }),
    },
    stagingLimits: {
      ...defaultStagingLimits,
      ...given({
        stagingTimeoutMs: inMs(staging.timeout_in_seconds),
        minimumStagingMemoryInMb: staging.minimum_staging_memory_mb,
        minimumStagingDiskInMb: staging.minimum_staging_disk_mb,
        fileDescriptors: staging.minimum_staging_file_descriptor_limit,
        maximumResourceBytes: asked.resource_pool.maximum_size,
        maximumPackageBytes: asked.packages.max_package_size,
        pidLimit: asked.diego.pid_limit,
        packagesKept: asked.packages.max_valid_packages_stored,
        dropletsKept: asked.droplets.max_staged_droplets_stored,
      }),
    },
    resourceCache: resourceCacheOf(rivera.resource_cache),
    rateLimits: rateLimitsOf(asked.rate_limiter),
    longPollMs: inMs(rivera.long_poll_in_seconds) ?? 20_000,
    bodyPace: {
      ...defaultBodyPace,
      ...given({ leastBytes: inKib(rivera.least_body_kib_per_minute) }),
    },
    syncIntervalMs: inMs(asked.diego_sync.frequency_in_seconds) ?? 30_000,
    commaDelimitedDestinations: asked.security_groups.enable_comma_delimited_destinations ?? false,
    logLevel: asked.logging.level,
    lockout: lockoutOf(asked.uaa.authentication.policy),
    otlpEndpoint: rivera.otlp_endpoint,
    observe: rivera.observe,
    failedStagings: failedStagingsOf(rivera.failed_stagings),
    web: rivera.web ? { addresses: rivera.web_addresses } : undefined,
  };
}

function lockoutOf(asked: Asked["uaa"]["authentication"]["policy"]): LockoutPolicy {
  return {
    ...defaultLockoutPolicy,
    ...given({
      failures: asked.lockoutAfterFailures,
      countedWithinMs: inMs(asked.countFailuresWithinSeconds),
      lockedForMs: inMs(asked.lockoutPeriodSeconds),
    }),
  };
}

function failedStagingsOf(asked: Asked["rivera"]["failed_stagings"]): FailedStagings {
  const isOff = asked.keep_minutes === 0 || asked.kept_per_cell === 0;
  return {
    keepMs: isOff ? 0 : asked.keep_minutes * 60_000,
    perCell: isOff ? 0 : asked.kept_per_cell,
    terminals: asked.terminals,
    idleMs: asked.idle_minutes * 60_000,
  };
}

export function defaultSettings(): Settings {
  return settingsOf(settingsSchema.parse({}));
}

function cleanUpOf(asked: Asked): CleanUpConfig {
  return {
    ...defaultCleanUp,
    ...given({
      auditEventDays: asked.audit_events.cutoff_age_in_days,
      appUsageEventDays: asked.app_usage_events.cutoff_age_in_days,
      completedTaskDays: asked.completed_tasks.cutoff_age_in_days,
      jobDays: asked.pollable_jobs.cutoff_age_in_days,
      orphanedBlobDays: asked.rivera.orphaned_blob_days,
      deploymentsPerApp: asked.max_retained_deployments_per_app,
      buildsPerApp: asked.max_retained_builds_per_app,
      revisionsPerApp: asked.max_retained_revisions_per_app,
      removeOrphanedBlobs: asked.perform_blob_cleanup,
    }),
    times: { ...defaultCleanUp.times, ...given(asked.rivera.clean_up_times) },
  };
}

function resourceCacheOf(asked: z.infer<typeof resourceCache>): ResourceCacheConfig {
  return {
    ...defaultResourceCache,
    ...given({
      matching: asked.matching,
      maximumBytes: inBytes(asked.maximum_size_in_mb),
      expireAfterDays: asked.expire_after_days,
      packBytes: inBytes(asked.pack_size_in_mb),
      ownBlobBytes: inBytes(asked.own_blob_size_in_mb),
    }),
  };
}

function inKib(kib: number | undefined): number | undefined {
  return kib === undefined ? undefined : kib * 1024;
}

function inBytes(mb: number | undefined): number | undefined {
  return mb === undefined ? undefined : mb * 1024 ** 2;
}

function rateLimitsOf(asked: Asked["rate_limiter"]): RateLimits | undefined {
  if (asked.enabled !== true) return undefined;
  return {
    general: asked.general_limit ?? 2_000,
    unauthenticated: asked.unauthenticated_limit ?? 100,
    intervalMinutes: asked.reset_interval_in_minutes ?? 60,
    ...(asked.admin_limit === undefined ? {} : { admin: asked.admin_limit }),
  };
}

/** What a flag asks for, in place of what the file says. In the original's proportions: 2000 for users, 100 without a token. */
export function withFlags(
  settings: Settings,
  flags: {
    readonly stagingTimeoutSeconds?: number | undefined;
    readonly rateLimit?: number | undefined;
    readonly observe?: boolean | undefined;
  },
): Settings {
  const stagingTimeoutMs = inMs(flags.stagingTimeoutSeconds);
  const { rateLimit, observe } = flags;
  return {
    ...settings,
    ...given({ observe }),
    stagingLimits: { ...settings.stagingLimits, ...given({ stagingTimeoutMs }) },
    rateLimits:
      rateLimit === undefined
        ? settings.rateLimits
        : {
            intervalMinutes: 60,
            ...settings.rateLimits,
            general: rateLimit,
            unauthenticated: Math.ceil(rateLimit / 20),
          },
  };
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1_000);
}

/** Without the keys that have no value, so that they hide no default. */
function given<Values extends object>(
  values: Values,
): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Values]?: Exclude<Values[Key], undefined> };
}
