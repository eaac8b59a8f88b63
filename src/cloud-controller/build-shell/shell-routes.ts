import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import { requireOwnedByApp } from "../apps/require-owned-by-app.ts";
import { sshRefusal } from "../apps/ssh-access.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { readSpans } from "../build-observations/build-log-store.ts";
import { requireObservedBuild, type ObservationAccess } from "../build-observations/log-routes.ts";
import type { Build } from "../builds/build-table.ts";
import { findBuild } from "../builds/find-build.ts";
import type { Executor } from "../database/schema.ts";
import { actorOf, type Actor, type AuthContext } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { shellDirectory } from "../staging/task-definition.ts";
import type { KeptStaging, KeptStagings } from "./kept-stagings.ts";
import { issueTicket } from "./tickets.ts";

export interface ShellRoutes extends ObservationAccess {
  readonly clock: Clock;
  readonly kept: KeptStagings;
}

type ByGuid = { Params: { guid: string } };

/** Whether there is a container of a failed staging to look into, and the permission to open a terminal in it. */
export function registerBuildShell(api: ApiServer, context: ShellRoutes): void {
  const { db, clock, kept } = context;

  api.get<ByGuid>("/rivera/v1/builds/:guid/shell", async (request) => {
    const build = await requireObservedBuild(context, request.auth, request.params.guid);
    const found = build.state === "FAILED" ? await kept.find(build.guid) : undefined;
    return {
      available: found !== undefined,
      reason: found === undefined ? whyNot(build) : "",
      ...(await presentKept(context, build, found)),
    };
  });

  api.post<ByGuid>("/rivera/v1/builds/:guid/shell", async (request, reply) => {
    const { auth } = request;
    const { build, app } = await permittedBuild(context, request.params.guid, {
      auth,
      door: "shell",
    });
    const found = build.state === "FAILED" ? await kept.find(build.guid) : undefined;
    if (found === undefined) throw unprocessable(whyNot(build));
    const actor = actorOf(auth);
    const { ticket, expiresAt } = await db
      .transaction()
      .execute((tx) => issueTicket(tx, clock, { buildGuid: build.guid, actor }));
    reply.code(201);
    return {
      app: { guid: app.guid, name: app.name },
      ticket,
      expires_at: expiresAt,
      ...(await presentKept(context, build, found)),
    };
  });
}

/** Two ways into a failed staging, with the same rights. */
type Door = "shell" | "retry";

const refusals: Readonly<Record<Door, string>> = {
  shell: "No shell can be opened",
  retry: "The staging cannot be retried",
};

/** The rights that `cf ssh` asks for: a developer of the space, where space and app allow it. A refusal is recorded. */
export async function permittedBuild(
  context: ObservationAccess & { readonly clock: Clock },
  guid: string,
  { auth, door }: { readonly auth: AuthContext; readonly door: Door },
): Promise<{ readonly build: Build; readonly app: App }> {
  const { db, clock, permissions } = context;
  const access = { name: "Build", resource: await findBuild(db, guid) };
  const seen = await requireOwnedByApp(context, auth, { ...access, action: "space.read" });
  const { resource: build, app } = seen;
  const refuse = async (error: CfError): Promise<never> => {
    const refusal = { door, isAuthorized: false };
    await recordShellEvent(db, clock, { build, app, actor: actorOf(auth), ...refusal });
    throw error;
  };
  if (!(await permissions.can(auth, "space.write", { spaceGuid: app.spaceGuid }))) {
    await refuse(new CfError("NotAuthorized"));
  }
  const reason = await sshRefusal(db, app);
  if (reason !== "") await refuse(unprocessable(`${refusals[door]}: ${reason}`));
  return { build, app };
}

/** As for ssh (`audit.app.ssh-authorized`), of a build. */
export async function recordShellEvent(
  tx: Executor,
  clock: Clock,
  {
    build,
    app,
    actor,
    door,
    isAuthorized,
  }: {
    readonly build: Pick<Build, "guid">;
    readonly app: Pick<App, "guid" | "name" | "spaceGuid">;
    readonly actor: Actor;
    readonly door: Door;
    readonly isAuthorized: boolean;
  },
): Promise<void> {
  await recordAuditEvent(tx, clock, {
    type: `audit.app.build.${door}-${isAuthorized ? "authorized" : "unauthorized"}`,
    actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: { build_guid: build.guid },
  });
}

function whyNot({ state }: Build): string {
  switch (state) {
    case "STAGING":
      return "The staging has not ended yet: its container can be looked into if it fails";
    case "STAGED":
      return "The staging has not failed: only the containers of failed ones are kept";
    case "FAILED":
      return "The container of this staging is not there any more: it is kept for a while, and gives way to other work and other failed stagings. Stage again to have another";
  }
}

async function presentKept({ db }: ShellRoutes, build: Build, found: KeptStaging | undefined) {
  const spans = (await readSpans(db, [build.guid])).get(build.guid) ?? [];
  const failed = spans.findLast(({ from, outcome }) => from === "builder" && outcome !== "ok");
  return {
    directory: shellDirectory,
    /** What had failed, as it was started; null where no script did. */
    script: failed?.command ?? null,
    cell: found?.cellId ?? null,
    kept_until: found?.until.toISOString() ?? null,
    /** Scripts at which the staging can go on (`build-retry`), the one that failed last. */
    retry_from: found?.snapshots.map(({ script }) => script) ?? [],
  };
}
