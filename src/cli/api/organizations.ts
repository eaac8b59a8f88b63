import { z } from "zod";
import type { CloudController, Query } from "./cloud-controller.ts";

const organizationSchema = z.object({ guid: z.string(), name: z.string() });

export type Organization = z.infer<typeof organizationSchema>;

export async function listOrganizations(
  cc: CloudController,
  query: Query = {},
): Promise<Organization[]> {
  return await cc.list("/v3/organizations", organizationSchema, { order_by: "name", ...query });
}

export async function findOrganization(
  cc: CloudController,
  name: string,
): Promise<Organization | undefined> {
  return await cc.first("/v3/organizations", organizationSchema, { names: name });
}

export async function createOrganization(cc: CloudController, name: string): Promise<Organization> {
  return await cc.post("/v3/organizations", { name, suspended: false }, organizationSchema);
}
