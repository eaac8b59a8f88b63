import type { Executor } from "../database/schema.ts";
import type { StackTable } from "./stack-table.ts";

/** What an operator says of a stack: whether it may be used, and what is to be told to those who use it. */
export type StackVerdict =
  | { readonly kind: "usable"; readonly warnings: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

type JudgedStack = Pick<StackTable, "name" | "state" | "stateReason">;

/** A RESTRICTED stack is for apps that were staged before; DISABLED is for nobody. */
export function judgeStack(stack: JudgedStack, isNewApp: boolean): StackVerdict {
  const { name, state } = stack;
  const because = stack.stateReason ? ` ${stack.stateReason}` : "";
  switch (state) {
    case "ACTIVE":
      return { kind: "usable", warnings: [] };
    case "DISABLED":
      break;
    case "RESTRICTED":
      if (isNewApp) break;
      return { kind: "usable", warnings: [warning(name, state, because)] };
    case "DEPRECATED":
      return { kind: "usable", warnings: [warning(name, state, because)] };
  }
  return {
    kind: "refused",
    reason: `ERROR: Staging failed. The stack '${name}' is '${state}' and cannot be used for staging.${because}`,
  };
}

function warning(name: string, state: string, because: string): string {
  return `WARNING: The stack '${name}' is '${state}' and will be removed in the future.${because}`;
}

/** Judges a stack by its name, for an app or for one to come; a stack that is not there is nobody's to refuse here. */
export async function stackVerdict(
  db: Executor,
  { stack, appGuid }: { readonly stack: string | null; readonly appGuid: string | undefined },
): Promise<StackVerdict> {
  const row =
    stack === null
      ? undefined
      : await db
          .selectFrom("stacks")
          .select(["name", "state", "stateReason"])
          .where("name", "=", stack)
          .executeTakeFirst();
  if (row === undefined || row.state === "ACTIVE") return { kind: "usable", warnings: [] };
  const earlier =
    appGuid === undefined
      ? undefined
      : await db
          .selectFrom("builds")
          .select("guid")
          .where("appGuid", "=", appGuid)
          .executeTakeFirst();
  return judgeStack(row, earlier === undefined);
}
