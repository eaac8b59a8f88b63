import { z } from "zod";
import { metadataSchema } from "../metadata/metadata.ts";

const name = z.string().min(1).max(1024).nullable().optional();

/** A user by UAA's guid, or by the name in an identity provider other than UAA itself. */
export const createUserMessage = z
  .strictObject({
    guid: z
      .string({ error: "must be a string\nmust be between 1 and 200 characters" })
      .min(1, { error: "must be between 1 and 200 characters" })
      .max(200, { error: "must be between 1 and 200 characters" })
      .nullable()
      .optional(),
    username: name,
    origin: name,
    metadata: metadataSchema.optional(),
  })
  .transform(({ guid, username, origin, metadata }, context) => {
    const faults: string[] = [];
    if (isGiven(guid)) {
      if (isGiven(username)) faults.push("Username cannot be provided with 'guid'");
      if (isGiven(origin)) faults.push("Origin cannot be provided with 'guid'");
    } else if (isGiven(username) || isGiven(origin)) {
      if (!isGiven(username)) faults.push("Origin can only be provided together with 'username'");
      if (!isGiven(origin)) faults.push("Username can only be provided together with 'origin'");
      if (origin === "uaa") faults.push("Origin cannot be 'uaa' when creating a user by username");
    } else faults.push("Guid or 'username' and 'origin' must be provided");
    for (const message of faults) context.addIssue({ code: "custom", message });
    if (isGiven(guid)) return { guid, metadata };
    if (isGiven(username) && isGiven(origin)) return { username, origin, metadata };
    return z.NEVER;
  });

function isGiven(value: string | null | undefined): value is string {
  return value !== undefined && value !== null;
}

export const updateUserMessage = z.strictObject({ metadata: metadataSchema.optional() });
