import type { Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import { isEnabled } from "../feature-flags/feature-flags.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { findOrganization } from "./find-organization.ts";
import { listOrganizations, organizationListSpec } from "./list-organizations.ts";
import { createOrganizationMessage, updateOrganizationMessage } from "./messages.ts";
import { createOrganization } from "./organization-create.ts";
import { requestOrganizationDelete } from "./organization-delete.ts";
import { presentOrganization } from "./organization-presenter.ts";
import type { Organization } from "./organization-table.ts";
import { updateOrganization } from "./organization-update.ts";

interface OrganizationRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
}

export function registerOrganizations(app: ApiServer, dependencies: OrganizationRoutes): void {
  registerList(app, dependencies);
  registerChanges(app, dependencies);
  registerDeletion(app, dependencies);
}

function registerList(app: ApiServer, dependencies: OrganizationRoutes): void {
  app.get("/v3/organizations", async (request) => {
    const list = parseListQuery(request.query, organizationListSpec);
    return await listOrganizations(dependencies, request.auth, { list, path: "/v3/organizations" });
  });
}

function registerChanges(app: ApiServer, dependencies: OrganizationRoutes): void {
  const { db, clock } = dependencies;

  app.post("/v3/organizations", async (request, reply) => {
    const { auth } = request;
    if (!auth.isAdmin && !(await isEnabled(db, "user_org_creation"))) {
      throw new CfError("NotAuthorized");
    }
    const message = parseMessage(createOrganizationMessage, request.body);
    if (message.suspended === true && !auth.isAdmin) throw new CfError("NotAuthorized");
    const created = await createOrganization({ db, clock }, auth, message);
    return await reply.status(201).send(await present(dependencies, created));
  });

  app.get<{ Params: { guid: string } }>("/v3/organizations/:guid", async (request) =>
    present(
      dependencies,
      await permitted(dependencies, request.auth, request.params.guid, "organization.read"),
    ),
  );

  app.patch<{ Params: { guid: string } }>("/v3/organizations/:guid", async (request) => {
    const { auth, params } = request;
    const found = await permitted(dependencies, auth, params.guid, "organization.update");
    const message = parseMessage(updateOrganizationMessage, request.body);
    if (message.suspended === true && !auth.isAdmin) throw new CfError("NotAuthorized");
    return await present(
      dependencies,
      await updateOrganization({ db, clock, auth }, found, message),
    );
  });
}

function registerDeletion(app: ApiServer, dependencies: OrganizationRoutes): void {
  const { db, clock, links, jobs } = dependencies;

  app.delete<{ Params: { guid: string } }>("/v3/organizations/:guid", async (request, reply) => {
    const { auth, params } = request;
    const found = await permitted(dependencies, auth, params.guid, "organization.read");
    if (!auth.isAdmin) throw new CfError("NotAuthorized");
    return await acceptJob(
      reply,
      links,
      await requestOrganizationDelete({ db, clock, jobs }, found, auth),
    );
  });
}

async function permitted(
  { db, permissions }: OrganizationRoutes,
  auth: AuthContext,
  guid: string,
  action: Action,
): Promise<Organization> {
  const found = await findOrganization(db, guid);
  if (found === undefined) throw notFound("Organization");
  await permissions.require(auth, action, {
    name: "Organization",
    place: { organizationGuid: guid },
    readBy: "organization.read",
  });
  return found;
}

async function present({ db, links }: OrganizationRoutes, organization: Organization) {
  const metadata = await loadMetadata(db, "organization", [organization.guid]);
  return presentOrganization(organization, {
    links,
    metadata: metadata.get(organization.guid) ?? noMetadata,
  });
}
