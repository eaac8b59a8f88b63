import type { Database } from "../database/schema.ts";
import { CfError } from "../http/cf-errors.ts";
import { anonymous, type ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import type { RateLimits } from "../http/rate-limit.ts";
import { globalRolesOf } from "../http/permissions.ts";
import { usageSummary } from "./usage-summary.ts";

/**
 * The version of the V3 API that we claim. From 3.211 on the official client asks for all processes of a space in one
 * request; from 3.224 on it shows route policies, which we have none of.
 */
const apiVersion = "3.215.0";

const resources = [
  "app_usage_events",
  "apps",
  "audit_events",
  "buildpacks",
  "builds",
  "deployments",
  "domains",
  "droplets",
  "environment_variable_groups",
  "feature_flags",
  "info",
  "isolation_segments",
  "organization_quotas",
  "organizations",
  "packages",
  "processes",
  "resource_matches",
  "roles",
  "routes",
  "security_groups",
  "service_brokers",
  "service_credential_bindings",
  "service_instances",
  "service_offerings",
  "service_plans",
  "service_route_bindings",
  "service_usage_events",
  "space_quotas",
  "spaces",
  "stacks",
  "tasks",
  "users",
];

const description = "Cloud Foundry's path from source code to running app";
const osbapiVersion = "2.15";
/** What the original tells of its limiter while that is off. */
const defaultRateLimit = { general: 2000, intervalMinutes: 60 };

interface InfoRoutes {
  readonly db: Database;
  readonly links: Links;
  readonly uaaUrl: string;
  readonly logCacheUrl: string;
  readonly rateLimits: RateLimits | undefined;
}

/** Where clients begin: the root documents, which need no token. */
export function registerInfo(app: ApiServer, dependencies: InfoRoutes): void {
  registerRoots(app, dependencies);
  registerUsage(app, dependencies);
}

function registerRoots(app: ApiServer, dependencies: InfoRoutes): void {
  const { links, uaaUrl, logCacheUrl, rateLimits } = dependencies;

  app.get("/", anonymous, async () => ({
    links: {
      self: links.to(""),
      cloud_controller_v2: null,
      cloud_controller_v3: { ...links.to("/v3"), meta: { version: apiVersion } },
      network_policy_v0: null,
      network_policy_v1: null,
      login: { href: uaaUrl },
      uaa: { href: uaaUrl },
      credhub: null,
      routing: links.to("/routing"),
      logging: null,
      log_cache: { href: logCacheUrl },
      log_stream: null,
      app_ssh: null,
      rivera: links.to("/rivera/v1"),
    },
  }));

  app.get("/v3", anonymous, async () => ({
    links: Object.fromEntries([
      ["self", links.to("/v3")],
      ...resources.map((name) => [name, links.to(`/v3/${name}`)]),
    ]),
  }));

  app.get("/v3/info", anonymous, async () => ({
    build: "",
    cli_version: { minimum: "", recommended: "" },
    custom: {},
    description,
    name: "rivera",
    version: 0,
    osbapi_version: osbapiVersion,
    rate_limits: {
      enabled: rateLimits !== undefined,
      general_limit: rateLimits?.general ?? defaultRateLimit.general,
      reset_interval_in_minutes: rateLimits?.intervalMinutes ?? defaultRateLimit.intervalMinutes,
    },
    links: { self: links.to("/v3/info"), support: { href: "" } },
  }));

  // All that is left of V2: old clients and plugins begin here, and read that there is no more.
  app.get("/v2/info", anonymous, async () => ({
    name: "rivera",
    build: "",
    support: "CF API v2 is disabled",
    version: 0,
    description,
    authorization_endpoint: uaaUrl,
    token_endpoint: uaaUrl,
    min_cli_version: "",
    min_recommended_cli_version: "",
    app_ssh_endpoint: null,
    app_ssh_host_key_fingerprint: null,
    app_ssh_oauth_client: "ssh-proxy",
    doppler_logging_endpoint: null,
    api_version: "",
    osbapi_version: osbapiVersion,
    routing_endpoint: links.href("/routing"),
  }));

  app.get("/healthz", anonymous, async (_request, reply) => reply.type("text/plain").send("OK"));
}

function registerUsage(app: ApiServer, dependencies: InfoRoutes): void {
  const { db, links } = dependencies;

  app.get("/v3/info/usage_summary", async (request) => {
    if (globalRolesOf(request.auth).length === 0) throw new CfError("NotFound");
    return {
      usage_summary: await usageSummary(db, "platform"),
      links: { self: links.to("/v3/info/usage_summary") },
    };
  });
}
