import { stringify } from "yaml";
import type { Clock } from "#kernel/clock/clock.ts";
import { permittedApp } from "../apps/app-access.ts";
import { createApp } from "../apps/app-create.ts";
import { resolveLifecycle } from "../apps/check-lifecycle.ts";
import { findApp } from "../apps/find-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import type { Database, Executor } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
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
import { maximumManifestBytes, parseManifest, type YamlMap } from "./parse-manifest.ts";

interface ManifestRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly limits: CloudControllerLimits;
  readonly jobs: Jobs;
}

/** The body is refused by its size in the manifest's own words, so the server lets a little more in. */
const bodyLimit = maximumManifestBytes * 2;

export function registerManifests(app: ApiServer, dependencies: ManifestRoutes): void {
  const { db, links, jobs } = dependencies;
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
      const apps = checkAll(applications);
      const actor = actorOf(request.auth);
      await db
        .transaction()
        .execute((tx) => createMissing(tx, dependencies, { auth: request.auth, spaceGuid, apps }));
      const job = await jobs.enqueue({
        operation: "space.apply_manifest",
        payload: { spaceGuid, actor, isAdmin: request.auth.isAdmin, applications },
        resource: { guid: spaceGuid, type: "space" },
        userGuid: request.auth.userGuid,
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
      checkAll(applications);
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
    return await reply.type("application/x-yaml").send(`---\n${stringify(manifest)}`);
  });
}

/** Apps that do not exist are there, empty, before the job begins: the client looks them up at once. */
async function createMissing(
  tx: Executor,
  { clock, limits }: ManifestRoutes,
  wanted: {
    readonly auth: AuthContext;
    readonly spaceGuid: string;
    readonly apps: readonly AppManifest[];
  },
): Promise<void> {
  const { auth, spaceGuid, apps } = wanted;
  const actor = actorOf(auth);
  for (const { name, lifecycle } of apps) {
    const existing = await findByName(tx, spaceGuid, name);
    const resolved = await resolveLifecycle(tx, lifecycle, existing).catch((error: unknown) => {
      if (!(error instanceof CfError)) throw error;
      throw new CfError(error.title, `For application '${name}': ${error.message}`);
    });
    const target =
      existing ??
      (await createApp(
        tx,
        { clock, limits, actor },
        { name, spaceGuid, lifecycle: resolved, environmentVariables: {} },
      ));
    await recordAuditEvent(tx, clock, {
      type: "audit.app.apply_manifest",
      actor,
      target: { guid: target.guid, type: "app", name },
      spaceGuid,
    });
  }
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
function checkAll(applications: readonly YamlMap[]): readonly AppManifest[] {
  const parsed = applications.map(parseApp);
  const errors = parsed.flatMap((result) => (result.ok ? [] : result.errors));
  const apps = parsed.flatMap((result) => (result.ok ? [result.app] : []));
  const names = apps.map((candidate) => candidate.name.toLowerCase());
  const twice = apps.find(
    (candidate, index) => names.indexOf(candidate.name.toLowerCase()) !== index,
  );
  if (twice !== undefined) {
    errors.push(`For application '${twice.name}': Name must be unique in the manifest`);
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
    .where("name", "=", name)
    .executeTakeFirst();
  return row === undefined ? undefined : await findApp(db, row.guid);
}
