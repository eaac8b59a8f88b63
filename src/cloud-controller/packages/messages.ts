import { z } from "zod";
import { relationshipsOf, toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const dockerData = z.strictObject(
  {
    image: z
      .string({
        error: ({ input }) =>
          input === undefined ? "Image must be a string, Image required" : "Image must be a string",
      })
      .min(1, { error: "Image required" }),
    username: z.string().max(5000).nullish(),
    password: z.string().max(5000).nullish(),
  },
  { error: "Image must be a string, Image required" },
);

const relationships = relationshipsOf({ app: toOneRelationship("app") });
const metadata = metadataSchema.optional();
const notEmpty = "must be empty if provided for bits packages";

export const packageCreateMessage = z.discriminatedUnion(
  "type",
  [
    z.strictObject({
      type: z.literal("bits"),
      relationships,
      data: z.strictObject({}, { error: `Data ${notEmpty}` }).nullish(),
      metadata,
    }),
    z.strictObject({ type: z.literal("docker"), relationships, data: dockerData, metadata }),
  ],
  { error: "Type must be one of 'bits, docker'" },
);

export type PackageCreateMessage = z.infer<typeof packageCreateMessage>;

export const packageCopyMessage = z.strictObject({ relationships });

export const packageUpdateMessage = z.strictObject({
  metadata,
  username: z.string().max(5000).nullish(),
  password: z.string().max(5000).nullish(),
});
