import type { Selectable } from "kysely";
import { presentTimestamp, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { UserTable } from "./user-table.ts";

export function presentUser(
  user: Selectable<UserTable>,
  { links, metadata }: { readonly links: Links; readonly metadata: Metadata },
) {
  return {
    guid: user.guid,
    created_at: presentTimestamp(user.createdAt),
    updated_at: presentTimestamp(user.updatedAt),
    username: user.username,
    presentation_name: user.username ?? user.guid,
    origin: user.origin,
    metadata,
    links: { self: links.to(`/v3/users/${user.guid}`) },
  };
}
