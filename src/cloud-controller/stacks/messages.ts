import { z } from "zod";
import { metadataSchema } from "../metadata/metadata.ts";

const states = ["ACTIVE", "RESTRICTED", "DEPRECATED", "DISABLED"] as const;
const stateError = `State must be one of ${states.join(", ")}`;

const state = z.enum(states, { error: stateError }).optional();
const stateReason = z.string().max(5000).nullish();

/** Keys that it does not know pass, as in the original. */
export const createStackMessage = z.object({
  name: z
    .string({
      error: ({ input }) => (input === undefined || input === null ? "can't be blank" : undefined),
    })
    .transform((text) => text.trim())
    .pipe(z.string().min(1, { error: "can't be blank" }).max(250)),
  description: z.string().max(250).nullish(),
  state,
  state_reason: stateReason,
  metadata: metadataSchema.optional(),
});
export const updateStackMessage = z.strictObject({
  state,
  state_reason: stateReason,
  metadata: metadataSchema.optional(),
});

export type CreateStack = z.infer<typeof createStackMessage>;
export type UpdateStack = z.infer<typeof updateStackMessage>;
