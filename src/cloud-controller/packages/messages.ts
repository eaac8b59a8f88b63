import { z } from "zod";
import { metadataSchema } from "../metadata/metadata.ts";
import { toOneRelationship } from "../http/parse-message.ts";

const dockerData = z.strictObject({
  image: z.string().min(1),
  username: z.string().max(5000).nullish(),
  password: z.string().max(5000).nullish(),
});

const relationships = z.strictObject({ app: toOneRelationship("app") });
const metadata = metadataSchema.optional();

export const packageCreateMessage = z.discriminatedUnion(
  "type",
  [
    z.strictObject({
      type: z.literal("bits"),
      relationships,
      data: z.strictObject({}).nullish(),
      metadata,
    }),
    z.strictObject({ type: z.literal("docker"), relationships, data: dockerData, metadata }),
  ],
  { error: "Type must be one of 'bits, docker'" },
);

export type PackageCreateMessage = z.infer<typeof packageCreateMessage>;

export const packageCopyMessage = z.strictObject({ relationships, metadata });

export const packageUpdateMessage = z.strictObject({
  metadata,
  username: z.string().max(5000).nullish(),
  password: z.string().max(5000).nullish(),
});
