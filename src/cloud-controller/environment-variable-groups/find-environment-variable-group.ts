import { z } from "zod";
import type { Executor } from "../database/schema.ts";

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
