import { z } from "zod";
import { numeric } from "../http/numeric.ts";
import { maximumInteger } from "../http/parse-message.ts";

/** Cloud Controller asks for presence and for a string, each in its own words; the length is the column's. */
function text(attribute: "Name" | "Command", maximum: number) {
  return z.unknown().transform((value, context) => {
    const fault = (message: string) =>
      context.addIssue({ code: "custom", message: `${attribute} ${message}` });
    if (value === undefined || value === null || value === "") fault("can't be blank");
    else if (typeof value === "string" && value.trim() === "") fault("can't be blank");
    if (typeof value !== "string") {
      fault("must be a string");
      return z.NEVER;
    }
    if (value.length > maximum) fault(`is too long (maximum is ${maximum} characters)`);
    return value;
  });
}

/** What is no list is asked for its length, too: nothing and an empty object have none. */
const processTypes = z
  .unknown()
  .transform((value, context): unknown => {
    const isEmpty =
      (value ?? null) === null ||
      (typeof value === "object" && value !== null && Object.keys(value).length === 0);
    const fault = (message: string) => context.addIssue({ code: "custom", message });
    if (!Array.isArray(value)) fault("Process types must be an array");
    if (isEmpty) fault("Process types must have at least 1 process_type");
    return value;
  })
  .pipe(
    z.array(
      z
        .string({ error: "Process types can only contain strings" })
        .max(255, { error: "Process type is too long (maximum is 255 characters)" }),
    ),
  );
const memoryInMb = numeric(
  z
    .int({ error: "must be an integer" })
    .min(1, { error: "must be greater than 0" })
    .max(maximumInteger),
)
  .nullable()
  .optional();

export const createSidecarMessage = z.strictObject({
  name: text("Name", 255),
  command: text("Command", 4096),
  process_types: processTypes,
  memory_in_mb: memoryInMb,
});

/** Also one entry of a manifest's `sidecars`, its memory in MB. */
export type CreateSidecar = z.infer<typeof createSidecarMessage>;

export const updateSidecarMessage = z.strictObject({
  name: text("Name", 255).optional(),
  command: text("Command", 4096).optional(),
  process_types: processTypes.optional(),
  memory_in_mb: memoryInMb,
});

export type UpdateSidecar = z.infer<typeof updateSidecarMessage>;
