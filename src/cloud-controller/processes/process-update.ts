import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import {
  hidden,
  recordAuditEvent,
  triggerOf,
  type ManifestTrigger,
} from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { isDeploying } from "../deployments/find-deployment.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import type { ProcessUpdate } from "./messages.ts";
import type { HealthCheck, Process, ReadinessHealthCheck } from "./process-table.ts";

/** Users that a process may run as, beside the default. */
const permittedUsers = ["vcap"];

/**
 * Changes what a process's next LRP will be like: command, user, checks. What runs is left alone; values reach
 * instances at the next restart.
 */
export async function updateProcess(
  db: Executor,
  context: ManifestTrigger & {
    readonly clock: Clock;
    readonly limits: CloudControllerLimits;
    readonly actor: Actor;
  },
  {
    app,
    process,
    message,
  }: { readonly app: App; readonly process: Process; readonly message: ProcessUpdate },
): Promise<void> {
  if (process.type === "web" && (await isDeploying(db, app.guid))) {
    throw unprocessable("Cannot update this process while a deployment is in flight.");
  }
  const faults: string[] = [];
  const healthCheck = mergeHealthCheck(process.healthCheck, message.health_check);
  const readiness = mergeReadiness(process.readinessHealthCheck, message.readiness_health_check);
  const maximum = context.limits.maximumHealthCheckTimeoutInSeconds;
  if (healthCheck.timeout !== null && healthCheck.timeout > maximum) {
    faults.push(`health_check_timeout Maximum exceeded: max ${maximum}s`);
  }
  if (healthCheck.type === "http" && !isEndpoint(healthCheck.endpoint)) {
    faults.push(
      `health_check_http_endpoint HTTP health check endpoint is not a valid URI path: ${healthCheck.endpoint ?? ""}`,
    );
  }
  if (readiness.type === "http" && !isEndpoint(readiness.endpoint)) {
    faults.push(
      `readiness_health_check_http_endpoint HTTP readiness health check endpoint is not a valid URI path: ${readiness.endpoint ?? ""}`,
    );
  }
  if (typeof message.user === "string" && !permittedUsers.includes(message.user.toLowerCase())) {
    const permitted = permittedUsers.map((user) => `'${user}'`).join(", ");
    faults.push(
      `user invalid (requested user '${message.user}' not allowed, permitted users are: ${permitted})`,
    );
  }
  if (faults.length > 0) throw unprocessable(faults.join(", "));
  await db
    .updateTable("processes")
    .set({
      ...touched(context.clock),
      ...(message.command === undefined ? {} : { command: message.command }),
      ...(message.user === undefined ? {} : { user: message.user }),
      healthCheck: JSON.stringify(healthCheck),
      readinessHealthCheck: JSON.stringify(readiness),
    })
    .where("guid", "=", process.guid)
    .execute();
  await updateMetadata(db, { type: "process", guid: process.guid }, message.metadata);
  await recordAuditEvent(db, context.clock, {
    type: "audit.app.process.update",
    actor: context.actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: {
      process_guid: process.guid,
      process_type: process.type,
      request: { ...message, ...(message.command === undefined ? {} : { command: hidden }) },
      ...triggerOf(context),
    },
  });
}

/** A type other than http forgets the endpoint; keys that are not given stay. */
function mergeHealthCheck(
  current: HealthCheck,
  message: ProcessUpdate["health_check"],
): HealthCheck {
  const timeout = message?.data?.timeout;
  return {
    ...mergeReadiness(current, message),
    timeout: timeout === undefined ? current.timeout : timeout,
  };
}

function mergeReadiness(
  current: ReadinessHealthCheck,
  message: ProcessUpdate["readiness_health_check"],
): ReadinessHealthCheck {
  const type = message?.type ?? current.type;
  const data = message?.data;
  const keep = <Value>(given: Value | undefined, old: Value) => (given === undefined ? old : given);
  return {
    type,
    invocationTimeout: keep(data?.invocation_timeout, current.invocationTimeout),
    interval: keep(data?.interval, current.interval),
    endpoint: type === "http" ? keep(data?.endpoint, current.endpoint) : null,
  };
}

function isEndpoint(endpoint: string | null): boolean {
  return endpoint !== null && /^\/[^\s\p{Cc}]*$/u.test(endpoint);
}
