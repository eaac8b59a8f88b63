import type { Selectable } from "kysely";
import { presentTimestamp, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { StackTable } from "./stack-table.ts";

export function presentStack(
  stack: Selectable<StackTable>,
  { links, metadata }: { readonly links: Links; readonly metadata: Metadata },
) {
  return {
    guid: stack.guid,
    created_at: presentTimestamp(stack.createdAt),
    updated_at: presentTimestamp(stack.updatedAt),
    name: stack.name,
    description: stack.description,
    state: stack.state,
    state_reason: stack.stateReason,
    run_rootfs_image: stack.name,
    build_rootfs_image: stack.name,
    default: stack.isDefault === 1,
    metadata,
    links: { self: links.to(`/v3/stacks/${stack.guid}`) },
  };
}
