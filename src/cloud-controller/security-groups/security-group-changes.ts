import { sql } from "kysely";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { newRecord, storedBoolean, touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { type CfError, unprocessable } from "../http/cf-errors.ts";
import { printList } from "../http/guid-list.ts";
import { isOneOf } from "../http/page.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import type { createSecurityGroupMessage, updateSecurityGroupMessage } from "./messages.ts";
import { ruleModelFaults } from "./rule-faults.ts";
import type { Phase, SecurityGroup } from "./security-group-table.ts";

interface GroupChange {
  readonly db: Database;
  readonly clock: Clock;
}

export async function createSecurityGroup(
  { db, clock }: GroupChange,
  message: z.infer<ReturnType<typeof createSecurityGroupMessage>>,
): Promise<SecurityGroup> {
  refuseModelFaults(message.rules);
  return await db.transaction().execute(async (tx) => {
    const group = await tx
      .insertInto("securityGroups")
      .values({
        ...newRecord(clock),
        name: message.name,
        rules: JSON.stringify(message.rules ?? []),
        runningDefault: storedBoolean(message.globally_enabled.running ?? false),
        stagingDefault: storedBoolean(message.globally_enabled.staging ?? false),
      })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(() => nameTaken(message.name)));
    const wanted = {
      staging: message.relationships?.staging_spaces?.data ?? [],
      running: message.relationships?.running_spaces?.data ?? [],
    };
    for (const phase of ["staging", "running"] as const) {
      const guids = wanted[phase].map(({ guid }) => guid);
      const missing = await missingSpaces(tx, guids);
      if (missing.length > 0) {
        throw unprocessable(`Spaces with guids ${printList(missing)} do not exist.`);
      }
      await bind(tx, { group, phase, guids });
    }
    return group;
  });
}

/** What runs keeps its rules until it is restarted. */
export async function updateSecurityGroup(
  { db, clock }: GroupChange,
  before: SecurityGroup,
  message: z.infer<ReturnType<typeof updateSecurityGroupMessage>>,
): Promise<SecurityGroup> {
  refuseModelFaults(message.rules);
  const { running, staging } = message.globally_enabled;
  const name = message.name ?? before.name;
  return await db
    .updateTable("securityGroups")
    .set({
      ...touched(clock),
      name,
      ...(message.rules === undefined ? {} : { rules: JSON.stringify(message.rules) }),
      ...(running === undefined ? {} : { runningDefault: storedBoolean(running) }),
      ...(staging === undefined ? {} : { stagingDefault: storedBoolean(staging) }),
    })
    .where("guid", "=", before.guid)
    .returningAll()
    .executeTakeFirstOrThrow()
    .catch(whereTaken(() => nameTaken(name)));
}

/** Lets a group hold in these spaces, which must be there. */
export async function bindToSpaces(
  db: Database,
  {
    group,
    phase,
    guids,
  }: { readonly group: SecurityGroup; readonly phase: Phase; readonly guids: readonly string[] },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const missing = await missingSpaces(tx, guids);
    if (missing.length > 0) {
      throw unprocessable(
        `Spaces with guids ${printList(missing)} do not exist, or you do not have access to them.`,
      );
    }
    await bind(tx, { group, phase, guids });
  });
}

/** Whether it held there. */
export async function unbindFromSpace(
  db: Database,
  {
    group,
    phase,
    spaceGuid,
  }: { readonly group: SecurityGroup; readonly phase: Phase; readonly spaceGuid: string },
): Promise<boolean> {
  const removed = await db
    .deleteFrom("securityGroupBindings")
    .where("securityGroupGuid", "=", group.guid)
    .where("spaceGuid", "=", spaceGuid)
    .where("phase", "=", phase)
    .returning("spaceGuid")
    .execute();
  return removed.length > 0;
}

const payload = z.object({ securityGroupGuid: z.string() });

/** The job `security_group.delete`. */
export function securityGroupDelete(db: Database): JobHandler {
  return {
    operation: "security_group.delete",
    async run(job) {
      const { securityGroupGuid } = payload.parse(job.payload);
      await db.transaction().execute(async (tx) => {
        await tx
          .deleteFrom("securityGroupBindings")
          .where("securityGroupGuid", "=", securityGroupGuid)
          .execute();
        await tx.deleteFrom("securityGroups").where("guid", "=", securityGroupGuid).execute();
      });
    },
  };
}

async function missingSpaces(db: Executor, guids: readonly string[]): Promise<readonly string[]> {
  const found = await db
    .selectFrom("spaces")
    .select("guid")
    .where(isOneOf(sql.ref("spaces.guid"), guids))
    .execute();
  return guids.filter((guid) => !found.some((row) => row.guid === guid));
}

async function bind(
  db: Executor,
  {
    group,
    phase,
    guids,
  }: { readonly group: SecurityGroup; readonly phase: Phase; readonly guids: readonly string[] },
): Promise<void> {
  if (guids.length === 0) return;
  await db
    .insertInto("securityGroupBindings")
    .values(guids.map((spaceGuid) => ({ securityGroupGuid: group.guid, spaceGuid, phase })))
    .onConflict((conflict) =>
      conflict.columns(["securityGroupGuid", "spaceGuid", "phase"]).doNothing(),
    )
    .execute();
}

function refuseModelFaults(rules: readonly unknown[] = []): void {
  const faults = ruleModelFaults(rules);
  if (faults.length > 0) throw unprocessable(faults.join(", "));
}

function nameTaken(name: string): CfError {
  return unprocessable(`Security group with name '${name}' already exists.`);
}
