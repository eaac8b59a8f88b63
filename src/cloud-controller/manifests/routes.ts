import { stringify } from "yaml";
import type { Clock } from "#kernel/clock/clock.ts";
import { permittedApp } from "../apps/app-access.ts";
import { createApp } from "../apps/app-create.ts";
import type { AppLog } from "../apps/app-log.ts";
import type { App } from "../apps/app-table.ts";
import { withoutSecrets } from "../apps/app-update.ts";
import { resolveLifecycle } from "../apps/check-lifecycle.ts";
import { findApp } from "../apps/find-app.ts";
import { hidden, recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import { nameKey } from "../database/name-key.ts";
import type { Database, Executor } from "../database/schema.ts";
import { actorOf, type Actor, type AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import type { Permissions } from "../http/permissions.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { acceptJob } from "../jobs/routes.ts";
import { findSpace } from "../spaces/find-space.ts";
import { parseApp, type AppManifest } from "./app-manifest.ts";
import { appToManifest } from "./app-to-manifest.ts";
import { diffApp } from "./manifest-diff.ts";
import { manifestRules, type ManifestRules } from "./manifest-rules.ts";
import { maximumManifestBytes, parseManifest, type YamlMap } from "./parse-manifest.ts";

interface ManifestRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly limits: CloudControllerLimits;
  readonly jobs: Jobs;
  readonly appLog: AppLog;
}

/** The body is refused by its size in the manifest's own words, so the server lets a little more in. */
const bodyLimit = maximumManifestBytes * 2;

export function registerManifests(app: ApiServer, dependencies: ManifestRoutes): void {
  const { db, links, jobs, appLog } = dependencies;
  for (const type of ["application/x-yaml", "application/yaml", "text/yaml", "text/x-yaml"]) {
    app.addContentTypeParser(type, { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
  }

  app.post<{ Params: { guid: string } }>(
    "/v3/spaces/:guid/actions/apply_manifest",
    { bodyLimit },
    async (request, reply) => {
      const spaceGuid = request.params.guid;
      await requireSpace(dependencies, request.auth, spaceGuid);
      const applications = parseManifest(request.body);
      const apps = checkAll(applications, await manifestRules(db));
      const actor = actorOf(request.auth);
      const created = await db
        .transaction()
        .execute((tx) => createMissing(tx, dependencies, { actor, spaceGuid, apps, applications }));
      for (const made of created) appLog.write(made, `Created app with guid ${made.guid}`);
      const job = await jobs.enqueue({
        operation: "space.apply_manifest",
        payload: { spaceGuid, applications },
        resource: { guid: spaceGuid, type: "space" },
        actor,
      });
      return await acceptJob(reply, links, job);
    },
  );

  app.post<{ Params: { guid: string } }>(
    "/v3/spaces/:guid/manifest_diff",
    { bodyLimit },
    async (request, reply) => {
      const spaceGuid = request.params.guid;
      await requireSpace(dependencies, request.auth, spaceGuid);
      const applications = parseManifest(request.body);
      checkAll(applications, await manifestRules(db));
      const diff = [];
      for (const [index, wanted] of applications.entries()) {
        const current = await currentManifest(db, spaceGuid, wanted);
        diff.push(...diffApp(wanted, current, index));
      }
      return await reply.status(201).send({ diff });
    },
  );

  app.get<{ Params: { guid: string } }>("/v3/apps/:guid/manifest", async (request, reply) => {
    const found = await permittedApp(
      dependencies,
      request.auth,
      request.params.guid,
      "secrets.read",
    );
    const manifest = { applications: [await appToManifest(db, found)] };
    return await reply
      .type("application/x-yaml")
      .send(`---\n${stringify(manifest, { aliasDuplicateObjects: false })}`);
  });
}

/** Apps that do not exist are there, empty, before the job begins: the client looks them up at once. Gives these. */
async function createMissing(
  tx: Executor,
  { clock, limits }: ManifestRoutes,
  wanted: {
    readonly actor: Actor;
    readonly spaceGuid: string;
    readonly apps: readonly AppManifest[];
    /** As they are written, one for each of `apps`. */
    readonly applications: readonly YamlMap[];
  },
): Promise<App[]> {
  const { actor, spaceGuid, apps, applications } = wanted;
  const created: App[] = [];
  for (const [index, { name, lifecycle, metadata }] of apps.entries()) {
    const existing = await findByName(tx, spaceGuid, name);
    if (existing?.lifecycle.type === "buildpack" && lifecycle?.type === "docker") {
      throw unprocessable(
        `For application '${name}': Docker cannot be configured for a buildpack lifecycle app.`,
      );
    }
    const resolved = await resolveLifecycle(tx, limits, lifecycle, existing).catch(
      (error: unknown) => {
        if (!(error instanceof CfError)) throw error;
        throw new CfError(error.title, `For application '${name}': ${error.message}`);
      },
    );
    const target =
      existing ??
      (await createApp(
        tx,
        { clock, limits, actor },
        {
          name,
          spaceGuid,
          lifecycle: resolved,
          environmentVariables: {},
          request: {
            name,
            relationships: { space: { data: { guid: spaceGuid } } },
            ...withoutSecrets({ lifecycle }),
            metadata,
          },
        },
      ));
    if (existing === undefined) created.push(target);
    await recordAuditEvent(tx, clock, {
      type: "audit.app.apply_manifest",
      actor,
      target: { guid: target.guid, type: "app", name },
      spaceGuid,
      data: { request: { manifest: auditedManifest(applications[index] ?? {}) } },
    });
  }
  return created;
}

/** What is secret in a manifest stays out of the event. */
function auditedManifest(application: YamlMap): string {
  const shown = Object.entries(application).map(([key, value]) =>
    key === "env" || /^cnb[-_]credentials$/.test(key) ? [key, hidden] : [key, value],
  );
  return `---\n${stringify({ applications: [Object.fromEntries(shown)] }, { aliasDuplicateObjects: false })}`;
}

async function requireSpace(
  { db, permissions }: ManifestRoutes,
  auth: AuthContext,
  spaceGuid: string,
): Promise<void> {
  if ((await findSpace(db, spaceGuid)) === undefined) throw notFound("Space");
  await permissions.require(auth, "space.write", { name: "Space", place: { spaceGuid } });
}

/** All faults of all apps at once, each an entry of its own. */
function checkAll(applications: readonly YamlMap[], rules: ManifestRules): readonly AppManifest[] {
  const parsed = applications.map((application, index) => parseApp(application, index, rules));
  const errors = parsed.flatMap((result) => (result.ok ? [] : result.errors));
  const apps = parsed.flatMap((result) => (result.ok ? [result.app] : []));
  const byName = Map.groupBy(apps, (candidate) => candidate.name.toLowerCase());
  for (const [first, second] of byName.values()) {
    if (first === undefined || second === undefined) continue;
    errors.push(`For application '${first.name}': Name must be unique in the manifest`);
  }
  if (errors.length > 0) throw unprocessable(...errors);
  return apps;
}

async function currentManifest(
  db: Database,
  spaceGuid: string,
  wanted: YamlMap,
): Promise<YamlMap | undefined> {
  const name = wanted["name"];
  const found = typeof name === "string" ? await findByName(db, spaceGuid, name) : undefined;
  return found === undefined ? undefined : await appToManifest(db, found);
}

async function findByName(db: Executor, spaceGuid: string, name: string) {
  const row = await db
    .selectFrom("apps")
    .select("guid")
    .where("spaceGuid", "=", spaceGuid)
    .where("nameKey", "=", nameKey(name))
    .executeTakeFirst();
  return row === undefined ? undefined : await findApp(db, row.guid);
}
