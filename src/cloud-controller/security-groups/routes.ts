import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { unprocessableQuery } from "../http/unprocessable-query.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { createSecurityGroupMessage, updateSecurityGroupMessage } from "./messages.ts";
import type { RuleOptions } from "./rule-faults.ts";
import { createSecurityGroup, updateSecurityGroup } from "./security-group-changes.ts";
import type { SecurityGroup } from "./security-group-table.ts";
import {
  findVisibleSecurityGroup,
  presentSecurityGroups,
  visibleSecurityGroups,
} from "./visible-security-groups.ts";

interface SecurityGroupRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
  readonly rules: RuleOptions;
}

const path = "/v3/security_groups";

export function registerSecurityGroups(app: ApiServer, dependencies: SecurityGroupRoutes): void {
  registerReading(app, dependencies);
  registerChanges(app, dependencies);
}

function registerReading(app: ApiServer, dependencies: SecurityGroupRoutes): void {
  const { links } = dependencies;

  app.get(path, async (request) => {
    const list = unprocessableQuery(() =>
      parseListQuery(request.query, {
        filters: ["names", "running_space_guids", "staging_space_guids"],
        extra: ["globally_enabled_running", "globally_enabled_staging"],
      }),
    );
    let query = visibleSecurityGroups(dependencies, request.auth);
    const { names } = list.filters;
    if (names !== undefined) query = query.where(isOneOf(sql.ref("security_groups.name"), names));
    for (const phase of ["running", "staging"] as const) {
      const spaces = list.filters[`${phase}_space_guids`];
      if (spaces !== undefined) {
        query = query.where("securityGroups.guid", "in", (eb) =>
          eb
            .selectFrom("securityGroupBindings as wanted")
            .select("wanted.securityGroupGuid")
            .where("wanted.phase", "=", phase)
            .where(isOneOf(sql.ref("wanted.space_guid"), spaces)),
        );
      }
      const flag = flagOf(list.raw[`globally_enabled_${phase}`], `Globally enabled ${phase}`);
      const column = phase === "running" ? "runningDefault" : "stagingDefault";
      if (flag !== undefined) query = query.where(`securityGroups.${column}`, "=", flag);
    }
    const page = await fetchPage(query, list, "securityGroups");
    const groups = page.rows;
    const resources = await presentSecurityGroups(dependencies, request.auth, { groups });
    return presentPage({ links, path, list, total: page.total, resources });
  });

  app.get<{ Params: { guid: string } }>(`${path}/:guid`, async (request) =>
    present(
      dependencies,
      request.auth,
      await findVisibleSecurityGroup(dependencies, request.auth, request.params.guid),
    ),
  );
}

function registerChanges(app: ApiServer, dependencies: SecurityGroupRoutes): void {
  const { links, jobs } = dependencies;
  const createMessage = createSecurityGroupMessage(dependencies.rules);
  const updateMessage = updateSecurityGroupMessage(dependencies.rules);

  app.post(path, async (request, reply) => {
    requireAdmin(request.auth);
    const message = parseMessage(createMessage, request.body);
    const created = await createSecurityGroup(dependencies, message);
    return await reply.status(201).send(await present(dependencies, request.auth, created));
  });

  app.patch<{ Params: { guid: string } }>(`${path}/:guid`, async (request) => {
    const group = await findVisibleSecurityGroup(dependencies, request.auth, request.params.guid);
    requireAdmin(request.auth);
    const message = parseMessage(updateMessage, request.body);
    const updated = await updateSecurityGroup(dependencies, group, message);
    return await present(dependencies, request.auth, updated);
  });

  app.delete<{ Params: { guid: string } }>(`${path}/:guid`, async (request, reply) => {
    const group = await findVisibleSecurityGroup(dependencies, request.auth, request.params.guid);
    requireAdmin(request.auth);
    const job = await jobs.enqueue({
      operation: "security_group.delete",
      payload: { securityGroupGuid: group.guid },
      resource: { guid: group.guid, type: "security_group" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
}

function requireAdmin(auth: AuthContext): void {
  if (!auth.isAdmin) throw new CfError("NotAuthorized");
}

async function present(dependencies: SecurityGroupRoutes, auth: AuthContext, group: SecurityGroup) {
  const [presented] = await presentSecurityGroups(dependencies, auth, { groups: [group] });
  return presented;
}

function flagOf(text: string | undefined, attribute: string): 0 | 1 | undefined {
  if (text === undefined) return undefined;
  if (text !== "true" && text !== "false") {
    throw unprocessable(`${attribute} must be 'true' or 'false'`);
  }
  return text === "true" ? 1 : 0;
}
