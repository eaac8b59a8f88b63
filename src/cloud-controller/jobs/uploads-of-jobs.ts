import { z } from "zod";
import type { Database } from "../database/schema.ts";

const payload = z.object({ path: z.string() });

/** The uploaded files that unfinished jobs are still to store: they were acknowledged, so a restart keeps them. */
export async function uploadsOfJobs(db: Database): Promise<string[]> {
  const rows = await db
    .selectFrom("jobs")
    .select("payload")
    .where("state", "=", "PROCESSING")
    .where("operation", "in", ["droplet.upload", "buildpack.upload"])
    .execute();
  return rows.map((row) => payload.parse(JSON.parse(row.payload)).path);
}
