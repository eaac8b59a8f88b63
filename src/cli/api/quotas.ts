import { z } from "zod";
import { Failure } from "../failure.ts";
import type { CloudController, Query } from "./cloud-controller.ts";

const quotaSchema = z.object({ guid: z.string(), name: z.string() });

/** @throws `Failure` where no quota of organizations has that name */
export async function applyOrganizationQuota(
  cc: CloudController,
  name: string,
  organizationGuid: string,
): Promise<void> {
  const quota = await find(cc, "organization_quotas", { names: name });
  if (quota === undefined) throw new Failure(`Organization quota with name '${name}' not found.`);
  const path = `/v3/organization_quotas/${quota.guid}/relationships/organizations`;
  await cc.post(path, { data: [{ guid: organizationGuid }] }, z.unknown());
}

/** @throws `Failure` where the organization has no quota of spaces with that name */
export async function applySpaceQuota(
  cc: CloudController,
  name: string,
  place: { readonly organizationGuid: string; readonly spaceGuid: string },
): Promise<void> {
  const { organizationGuid, spaceGuid } = place;
  const quota = await find(cc, "space_quotas", {
    names: name,
    organization_guids: organizationGuid,
  });
  if (quota === undefined) throw new Failure(`Space quota with name '${name}' not found.`);
  const path = `/v3/space_quotas/${quota.guid}/relationships/spaces`;
  await cc.post(path, { data: [{ guid: spaceGuid }] }, z.unknown());
}

async function find(cc: CloudController, kind: string, query: Query) {
  return await cc.first(`/v3/${kind}`, quotaSchema, query);
}
