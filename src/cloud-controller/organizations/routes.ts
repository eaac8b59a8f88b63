import type { Clock } from "#kernel/clock/clock.ts";
import { recordOrganizationEvent } from "./organization-event.ts";
import { isUniqueViolation, storedBoolean, touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { isEnabled } from "../feature-flags/feature-flags.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { loadMetadata, noMetadata, updateMetadata } from "../metadata/metadata.ts";
import { findOrganization } from "./find-organization.ts";
import { listOrganizations, organizationListSpec } from "./list-organizations.ts";
import { createOrganizationMessage, updateOrganizationMessage } from "./messages.ts";
import { createOrganization } from "./organization-create.ts";
import { presentOrganization } from "./organization-presenter.ts";
import type { Organization } from "./organization-table.ts";

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
    const message = parseMessage(createOrganizationMessage, request.body);
    if (!request.auth.isAdmin && !(await isEnabled(db, "user_org_creation"))) {
      throw new CfError("NotAuthorized");
    }
    const created = await createOrganization({ db, clock }, request.auth, message);
    return await reply.status(201).send(await present(dependencies, created));
  });

  app.get<{ Params: { guid: string } }>("/v3/organizations/:guid", async (request) =>
    present(
      dependencies,
      await permitted(dependencies, request.auth, request.params.guid, "organization.read"),
    ),
  );

  app.patch<{ Params: { guid: string } }>("/v3/organizations/:guid", async (request) => {
    const message = parseMessage(updateOrganizationMessage, request.body);
    const found = await permitted(
      dependencies,
      request.auth,
      request.params.guid,
      "organization.update",
    );
    if (message.suspended !== undefined && !request.auth.isAdmin)
      throw new CfError("NotAuthorized");
    const { name, suspended } = message;
    await db.transaction().execute(async (tx) => {
      await tx
        .updateTable("organizations")
        .set({
          ...touched(clock),
          ...(name === undefined ? {} : { name }),
          ...(suspended === undefined ? {} : { suspended: storedBoolean(suspended) }),
        })
        .where("guid", "=", found.guid)
        .execute()
        .catch((error: unknown) => {
          throw isUniqueViolation(error)
            ? unprocessable(`Organization name '${name}' is already taken.`)
            : error;
        });
      await updateMetadata(tx, { type: "organization", guid: found.guid }, message.metadata);
      const changed = { ...found, name: name ?? found.name };
      await recordOrganizationEvent(tx, clock, {
        type: "audit.organization.update",
        organization: changed,
        auth: request.auth,
        request: message,
      });
    });
    return await present(
      dependencies,
      await permitted(dependencies, request.auth, found.guid, "organization.read"),
    );
  });
}

function registerDeletion(app: ApiServer, dependencies: OrganizationRoutes): void {
  const { db, clock, links, jobs } = dependencies;

  app.delete<{ Params: { guid: string } }>("/v3/organizations/:guid", async (request, reply) => {
    const found = await permitted(
      dependencies,
      request.auth,
      request.params.guid,
      "organization.read",
    );
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    const job = await db.transaction().execute(async (tx) => {
      await recordOrganizationEvent(tx, clock, {
        type: "audit.organization.delete-request",
        organization: found,
        auth: request.auth,
        request: { recursive: true },
      });
      return await jobs.insert(tx, {
        operation: "organization.delete",
        payload: { organizationGuid: found.guid },
        resource: { guid: found.guid, type: "organization" },
        userGuid: request.auth.userGuid,
      });
    });
    jobs.activate();
    return await acceptJob(reply, links, job);
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
