import { z } from "zod";
import { numeric } from "../http/numeric.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const positive = (attribute: string) =>
  numeric(
    z
      .number({ error: `${attribute} is not a number` })
      .int({ error: `${attribute} must be an integer` })
      .gt(0, { error: `${attribute} must be greater than 0` }),
  );

/** What is no string has no length either, and the original says both. */
const noGuid = (attribute: string) =>
  `${attribute} must be a string, ${attribute} must be between 1 and 200 characters`;

const guid = (attribute: string) =>
  z
    .string({ error: noGuid(attribute) })
    .min(1, { error: `${attribute} must be between 1 and 200 characters` })
    .max(200, { error: `${attribute} must be between 1 and 200 characters` });

const userLength = { error: "User must be between 1 and 255 characters" };
const logRate = "Log rate limit in bytes per second";

export const createTaskMessage = z
  .strictObject({
    disk_in_mb: positive("Disk in mb").nullish(),
    memory_in_mb: positive("Memory in mb").nullish(),
    log_rate_limit_in_bytes_per_second: numeric(
      z
        .number({ error: `${logRate} is not a number` })
        .int({ error: `${logRate} must be an integer` })
        .gt(-2, { error: `${logRate} must be greater than -2` }),
    ).nullish(),
    droplet_guid: guid("Droplet guid").nullish(),
    template: z
      .object(
        { process: z.object({ guid: guid("Template process guid") }, templateError()) },
        templateError(),
      )
      .optional(),
    name: z.string().max(255).nullish(),
    command: z.string().nullish(),
    user: z
      .string({ error: "User must be a string" })
      .min(1, userLength)
      .max(255, userLength)
      .nullish(),
    metadata: metadataSchema.optional(),
  })
  .superRefine((message, context) => {
    if (hasText(message.command) || message.template !== undefined) return;
    context.addIssue({ code: "custom", message: "Command No command or template provided" });
  });

export type CreateTask = z.infer<typeof createTaskMessage>;

export const updateTaskMessage = z.strictObject({ metadata: metadataSchema.optional() });

function templateError() {
  return { error: noGuid("Template process guid") };
}

/** An empty command is a command to the original, whose check of the task then refuses it. */
function hasText(command: string | null | undefined): boolean {
  return command !== undefined && command !== null;
}
