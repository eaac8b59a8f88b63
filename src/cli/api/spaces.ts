import { z } from "zod";
import type { CloudController, Query } from "./cloud-controller.ts";

const spaceSchema = z.object({ guid: z.string(), name: z.string() });

export type Space = z.infer<typeof spaceSchema>;

export async function listSpaces(cc: CloudController, query: Query): Promise<Space[]> {
  return await cc.list("/v3/spaces", spaceSchema, query);
}

export async function findSpace(
  cc: CloudController,
  name: string,
  organizationGuid: string,
): Promise<Space | undefined> {
  return await cc.first("/v3/spaces", spaceSchema, {
    names: name,
    organization_guids: organizationGuid,
  });
}

export async function createSpace(
  cc: CloudController,
  name: string,
  organizationGuid: string,
): Promise<Space> {
  const body = { name, relationships: { organization: { data: { guid: organizationGuid } } } };
  return await cc.post("/v3/spaces", body, spaceSchema);
}
