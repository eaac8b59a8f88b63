import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { presentTimestamp, type Links } from "../http/links.ts";
import { parseMessage } from "../http/parse-message.ts";
import {
  environmentVariablesMessage,
  mergeVariables,
  requireFits,
} from "../apps/environment-variables.ts";
import { environmentVariableGroup } from "./find-environment-variable-group.ts";

const groupName = z.enum(["running", "staging"]);

/** The variables that every staging, or every app, of the platform gets. */
export function registerEnvironmentVariableGroups(
  app: ApiServer,
  { db, clock, links }: { readonly db: Database; readonly clock: Clock; readonly links: Links },
): void {
  app.get<{ Params: { name: string } }>("/v3/environment_variable_groups/:name", async (request) =>
    present(known(request.params.name)),
  );

  app.patch<{ Params: { name: string } }>(
    "/v3/environment_variable_groups/:name",
    async (request) => {
      const message = parseMessage(environmentVariablesMessage, withVariables(request.body));
      if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
      const name = known(request.params.name);
      await db.transaction().execute(async (tx) => {
        const { variables } = await environmentVariableGroup(tx, name);
        const merged = mergeVariables(variables, message.var);
        requireFits(merged);
        await tx
          .updateTable("environmentVariableGroups")
          .set({ ...touched(clock), variables: JSON.stringify(merged) })
          .where("name", "=", name)
          .execute();
      });
      return await present(name);
    },
  );

  async function present(name: "running" | "staging") {
    const group = await environmentVariableGroup(db, name);
    return {
      name,
      updated_at: presentTimestamp(group.updatedAt),
      var: group.variables,
      links: { self: links.to(`/v3/environment_variable_groups/${name}`) },
    };
  }
}

/** An empty body changes nothing; for apps it is a fault. */
function withVariables(body: unknown): unknown {
  return Object.keys(Object(body)).length === 0 ? { var: {} } : body;
}

function known(name: string): "running" | "staging" {
  const parsed = groupName.safeParse(name);
  if (!parsed.success) throw notFound("Environment variable group");
  return parsed.data;
}
