import { z } from "zod";
import { relationshipsOf, toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const relationships = relationshipsOf({ app: toOneRelationship("app") });

export const dropletCreateMessage = z.strictObject({
  relationships,
  process_types: z
    .record(
      z.string().min(1, { error: "Process types key must not be empty" }),
      z.string({ error: "Process types value must be a string" }),
      { error: ({ code, input }) => processTypesFault(code, input) },
    )
    .nullish(),
});

function processTypesFault(code: string, input: unknown): string {
  return code === "invalid_key" && input === ""
    ? "Process types key must not be empty"
    : "Process types must be an object";
}

const guidFault = "App guid must be between 1 and 200 characters";
const noGuid = `App guid must be a string, ${guidFault}`;
const appGuid = z
  .string({ error: noGuid })
  .min(1, { error: guidFault })
  .max(200, { error: guidFault });

/** Where the copy goes; only the guid is asked for, and named by itself. */
export const dropletCopyMessage = z.strictObject({
  relationships: z.object(
    {
      app: z.object(
        { data: z.object({ guid: appGuid }, { error: noGuid }) },
        { error: `App must be an object, ${noGuid}` },
      ),
    },
    { error: `App must be an object, ${noGuid}` },
  ),
});

export const dropletUpdateMessage = z.strictObject({
  metadata: metadataSchema.optional(),
  image: z.string().nullish(),
});
