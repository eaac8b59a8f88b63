import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";
import type { HttpAnswer } from "./http-transport.ts";

/** Where a job of Cloud Controller reports; an answer without one was complete at once. */
export type JobUrl = string;

export function jobOf(answer: HttpAnswer): JobUrl | undefined {
  const location = answer.headers.location;
  return location === undefined || location === "" ? undefined : location;
}

const jobSchema = z.object({
  guid: z.string().default(""),
  state: z.string(),
  errors: z
    .array(z.object({ detail: z.string().default("") }))
    .nullish()
    .transform((errors) => errors ?? []),
  warnings: z
    .array(z.object({ detail: z.string().default("") }))
    .nullish()
    .transform((warnings) => warnings ?? []),
});

export type Job = z.infer<typeof jobSchema>;

export async function getJob(cc: CloudController, url: JobUrl): Promise<Job> {
  return await cc.get(url, jobSchema);
}
