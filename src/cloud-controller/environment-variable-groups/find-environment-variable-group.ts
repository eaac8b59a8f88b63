import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { withHostVariables } from "./host-variables.ts";

const variablesColumn = z.record(z.string(), z.string());

export interface EnvironmentVariableGroup {
  readonly updatedAt: string;
  readonly variables: Readonly<Record<string, string>>;
}

export async function environmentVariableGroup(
  db: Executor,
  name: "running" | "staging",
): Promise<EnvironmentVariableGroup> {
  const row = await db
    .selectFrom("environmentVariableGroups")
    .select(["updatedAt", "variables"])
    .where("name", "=", name)
    .executeTakeFirstOrThrow();
  return { updatedAt: row.updatedAt, variables: variablesColumn.parse(JSON.parse(row.variables)) };
}

/** Brings the staging group in line with what the host's network asks for; once a start. */
export async function followHost(
  db: Database,
  {
    clock,
    variables,
  }: { readonly clock: Clock; readonly variables: Readonly<Record<string, string>> },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom("environmentVariableGroups")
      .select(["variables", "hostVariables"])
      .where("name", "=", "staging")
      .executeTakeFirstOrThrow();
    const now = JSON.stringify(variables);
    if (row.hostVariables === now) return;
    const merged = withHostVariables(variablesColumn.parse(JSON.parse(row.variables)), {
      before: variablesColumn.parse(JSON.parse(row.hostVariables)),
      now: variables,
    });
    await tx
      .updateTable("environmentVariableGroups")
      .set({ ...touched(clock), variables: JSON.stringify(merged), hostVariables: now })
      .where("name", "=", "staging")
      .execute();
  });
}
