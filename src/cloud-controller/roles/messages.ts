import { z } from "zod";
import { toOneRelationship } from "../http/parse-message.ts";
import { organizationRoles, spaceRoles } from "./role-table.ts";

const roleTypes = [...organizationRoles, ...spaceRoles];

export const createRoleMessage = z.strictObject({
  type: z.enum(roleTypes, {
    error: `must be one of the allowed types ${JSON.stringify(roleTypes)}`,
  }),
  relationships: z.strictObject({
    user: z.strictObject({
      data: z.union([
        z.strictObject({ guid: z.string().min(1).max(200) }),
        z.strictObject({
          username: z.string().min(1).max(1024),
          origin: z.string().min(1).max(1024).optional(),
        }),
      ]),
    }),
    organization: toOneRelationship("organization").optional(),
    space: toOneRelationship("space").optional(),
  }),
});
