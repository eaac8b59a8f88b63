import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";

export interface RoleRequest {
  readonly type: "organization_user" | "space_manager" | "space_developer";
  readonly user: { readonly username: string; readonly origin: string };
  readonly resource: { readonly organization: string } | { readonly space: string };
}

export async function createRole(cc: CloudController, role: RoleRequest): Promise<void> {
  const resource =
    "space" in role.resource
      ? { space: { data: { guid: role.resource.space } } }
      : { organization: { data: { guid: role.resource.organization } } };
  const body = { type: role.type, relationships: { user: { data: role.user }, ...resource } };
  await cc.post("/v3/roles", body, z.unknown());
}
